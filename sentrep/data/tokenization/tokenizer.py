"""Tokenization of sentences: a thin class over the `tokenizers` library, whose objects it trains, opens
and saves.

A vocabulary trained here reads normalised text (`sentrep.data.normalization`) in lower case, cut into
words, single punctuation marks and runs of Chinese or Japanese. A word starts with a mark ("▁the", also
after a quotation mark or a bracket), so that decoding restores the spaces. Chinese has no spaces and no
marks, so that a word has the same token at every position.

Two steps are faster here than in the library, with the same result: the ids of words are cached for
tokenizers that cut at every space and punctuation mark, and a vocabulary is trained on words with their
counts instead of on the text.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.data.config import TokenizerConfig
from sentrep.data.normalization import SPECIAL, without_surrogates
from sentrep.data.tokenization.detokenize import respaced
from sentrep.data.tokenization.special import special_ids
from sentrep.data.tokenization.word_cache import ATOMS, Ragged, WordCache, independent_words
from sentrep.utils.errors import InputError, at, opt

if TYPE_CHECKING:
    import tokenizers


class Encoded(NamedTuple):
    """Token ids of many sentences, one after the other."""

    ids: NDArray[np.uint32]
    """(token)"""
    lengths: NDArray[np.int64]
    """(sentence); the sum is the number of tokens."""
    truncated: int
    """Number of sentences that were cut."""


class Tokenizer:
    """A vocabulary with its pipeline.

    Args:
        inner: the object of the tokenizers library, which sentence-transformers takes as it is.
    """

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        inner.no_truncation()
        inner.no_padding()
        self.inner = inner

    @classmethod
    def train(cls, sentences: Iterable[str], config: TokenizerConfig) -> Tokenizer:
        """Trains a vocabulary of at most `config.vocab` tokens.

        The special tokens come first, so [PAD] is 0; none of them is added to a sentence. The same
        sentences give the same file, byte for byte.

        Raises:
            InputError: there are no words.
        """
        from sentrep.data.tokenization.vocabulary import learn

        words: Counter[str] = Counter()
        for sentence in map(without_surrogates, sentences):
            words.update(sentence.split() if config.tokenizer == "spaces" else ATOMS.findall(sentence))
        if not words:
            raise InputError("no words to train a tokenizer on: the corpus is empty", setting="corpus")
        return cls(learn(words, config, SPECIAL))

    @classmethod
    def open(cls, path: Path) -> Tokenizer:
        """Opens a tokenizer.json, or the one in a model's folder (sentence-transformers may store it in
        ``0_*``).

        A pretrained tokenizer still adds its own special tokens.

        Raises:
            InputError: there is none, or it cannot be opened.
        """
        file = _find(Path(path))
        try:
            return cls.from_json(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{at(file)}: not a tokenizer of the tokenizers library ({error})") from error

    def save(self, path: Path) -> None:
        """Writes ``tokenizer.json``."""
        path.write_text(self.to_json(), encoding="utf-8")

    def to_json(self) -> str:
        return str(self.inner.to_str(pretty=True))

    @classmethod
    def from_json(cls, text: str) -> Tokenizer:
        """Opens a serialised tokenizer.

        Raises:
            ValueError: `text` is no tokenizer.
        """
        import tokenizers

        try:
            return cls(tokenizers.Tokenizer.from_str(text))
        except Exception as error:  # the library raises nothing more precise
            raise ValueError(str(error)) from error

    @property
    def vocab_size(self) -> int:
        """Size of the vocabulary; every id is below it."""
        return 1 + max(self.inner.get_vocab(with_added_tokens=True).values())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the serialised tokenizer."""
        return hashlib.sha256(self.inner.to_str().encode()).hexdigest()

    @property
    def special(self) -> set[int]:
        """Ids of special tokens."""
        return special_ids(self.inner)

    def encode(self, sentence: str) -> list[int]:
        """Returns the ids of one sentence, without truncation."""
        return list(self.inner.encode(without_surrogates(sentence)).ids)

    def decode(self, ids: Sequence[int]) -> str:
        """Returns the text of ids, without special tokens.

        Case and the kind of quotation marks are lost. If the vocabulary marks only the spaces before
        words, spaces around punctuation are restored by rules.
        """
        from tokenizers import decoders

        special = self.special
        text = str(self.inner.decode([number for number in ids if number not in special]))
        return respaced(text) if isinstance(self.inner.decoder, decoders.Metaspace) else text

    def encode_batch(self, sentences: Sequence[str], max_tokens: int | None = None) -> Encoded:
        """Encodes many sentences; one longer than `max_tokens` is cut, but keeps its special tokens."""
        rows, (before, behind) = self.ragged(sentences), self.around
        added = len(before) + len(behind)
        ids, lengths = rows.framed(before, behind, None if max_tokens is None else max(1, max_tokens - added))
        return Encoded(ids, lengths, int((lengths < rows.lengths + added).sum()))

    def ragged(self, sentences: Sequence[str]) -> Ragged:
        """The ids of sentences without special tokens and without truncation."""
        sentences = [text if text.isascii() else without_surrogates(text) for text in sentences]
        return self._words.encode(sentences) if self._words else Ragged.of(self._by_library(sentences))

    def _by_library(self, sentences: Sequence[str]) -> list[list[int]]:
        return [row.ids for row in self.inner.encode_batch_fast(list(sentences), add_special_tokens=False)]

    @cached_property
    def _words(self) -> WordCache | None:
        """The cache of words, if the ids of a sentence are always those of its words, one after the other."""
        from sentrep.data.tokenization.vocabulary import pipelines, spaced_pipelines

        atoms = independent_words(json.loads(self.inner.to_str()), pipelines(), spaced_pipelines())
        return None if atoms is None else WordCache(self._by_library, atoms)

    @property
    def ungenerated(self) -> set[int]:
        """Ids that no generated sentence contains: special tokens, except those around every sentence, which
        a decoder of sentences has learnt to generate with it."""
        before, behind = self.around
        return self.special - {*before, *behind}

    @cached_property
    def around(self) -> tuple[list[int], list[int]]:
        """Special tokens before and after every sentence."""
        probe = self.inner.encode("a")
        marks = probe.special_tokens_mask
        if all(marks):
            return [], []
        first = marks.index(0)
        last = len(marks) - marks[::-1].index(0)
        return probe.ids[:first], probe.ids[last:]


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.exists():
        raise InputError(
            f"{opt('tokenizer')} {at(path)}: neither bpe, unigram, word or spaces, nor a file or "
            "folder that exists"
        )
    for file in (
        path / "tokenizer.json",
        *sorted(path.glob("0_*/tokenizer.json")),
        *sorted(path.glob("*/tokenizer.json")),
    ):
        if file.is_file():
            return file
    raise InputError(
        f"{opt('tokenizer')} {at(path)}: no tokenizer.json in this folder; save the model with its "
        "fast tokenizer"
    )
