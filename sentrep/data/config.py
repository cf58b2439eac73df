"""What to read and how to cut it into tokens. Light: the command line's help is made from these
dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sentrep.utils.checks import check_at_least
from sentrep.utils.errors import InputError, nearest, opt

Split = Literal["auto", "prose", "lines", "paragraphs", "wrapped"]
"""Layouts of text."""
TOKENIZERS = ("bpe", "unigram", "word", "spaces")
"""Tokenizers that are trained on the corpus."""


@dataclass(frozen=True)
class CorpusConfig:
    """Where the text comes from.

    Example:
        >>> CorpusConfig(corpus=("texts",), split="prose").corpus
        ('texts',)
    """

    corpus: tuple[str, ...]
    """Files, folders, '-' for standard input, or the name of a data set on the hub. Formats: .txt, .md,
    .html, .rst, .pdf, .docx, .json, .jsonl, .csv, .tsv and .parquet, each also as .gz or .zst."""
    text_field: str = "text"
    """Field or column that holds the text (json, jsonl, csv, tsv, parquet, data sets)."""
    title_field: str = "title"
    """Field or column that holds the title, if there is one."""
    id_field: str = "id"
    """Field or column that holds the document's id; '_id' if there is no 'id'. Without both, the id is the
    position in the file."""
    keep_fields: tuple[str, ...] = ()
    """Further columns of Parquet files and data sets that search hits return. Of JSON lines, CSV and TSV, all
    fields of moderate length are returned."""
    split: Split = "auto"
    """Layout of the text. 'lines': one sentence a line, blank lines between documents. 'paragraphs': one
    paragraph, headline or other text a line. 'wrapped': lines broken at a margin. 'prose': 'paragraphs' or
    'wrapped', whichever fits. 'auto': any of these, whichever fits; it is printed."""
    hub_split: str = "train"
    """Split of a data set on the hub."""
    hub: bool = False
    """Also look on the hub for names without an owner. Names of the form owner/name do not need this."""
    offline: bool = False
    """Never use the network."""

    def __post_init__(self) -> None:
        if self.split not in get_args(Split):
            raise InputError(f"{opt('split')} {self.split!r}: {nearest(str(self.split), get_args(Split))}")

    @property
    def id_fields(self) -> tuple[str, ...]:
        """Fields that may hold the id, the first of them that a record has. '_id' is the name in BEIR's
        layout and in exports of MongoDB and Elasticsearch."""
        return ("id", "_id") if self.id_field == "id" else (self.id_field,)

    @property
    def fields(self) -> tuple[str, ...]:
        """Fields of a record that are read."""
        return (self.text_field, self.title_field, *self.id_fields, *self.keep_fields)


@dataclass(frozen=True)
class TokenizerConfig:
    """How sentences become tokens.

    Example:
        >>> TokenizerConfig("unigram", vocab=8000).vocab
        8000
    """

    tokenizer: str = "bpe"
    """'bpe', 'unigram', 'word' or 'spaces' are trained on the corpus; any other value is the path of a
    tokenizer.json or of a model folder. With 'spaces', words are separated by spaces only: for text that is
    already tokenised, such as a treebank."""
    vocab: int = 32_000
    """Size of a trained vocabulary."""
    lowercase: bool = True
    """Fold case before a vocabulary is trained."""
    pairs: bool = True
    """In a vocabulary 'word', texts of scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese)
    are read as characters and as pairs of neighbouring characters, otherwise as characters alone. Only bags
    read pairs, and only for methods that generate neither text nor trees."""
    max_tokens: int = 128
    """Longer sentences are truncated to this length, and counted."""
    terms: str = ""
    """File of terms that the vocabulary holds whole, from `sentrep terms`; for 'unigram'."""

    @property
    def trained(self) -> bool:
        """Whether the vocabulary is learnt from the corpus; otherwise `tokenizer` is a path."""
        return self.tokenizer in TOKENIZERS

    def __post_init__(self) -> None:
        if self.vocab < 16:
            raise InputError(
                f"{opt('vocab')} {self.vocab} is too small to hold the special tokens and an "
                "alphabet; 1000 or more is sensible"
            )
        if self.terms and self.tokenizer != "unigram":
            raise InputError(
                f"{opt('terms')}: only a trained vocabulary 'unigram' ({opt('tokenizer')}) takes them"
            )
        check_at_least(self, 2, "max_tokens")
