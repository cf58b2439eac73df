"""Reference text: sentences that generated ones should resemble, and supervised pairs of text and summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.config import CorpusConfig
from sentrep.data.store.store import DocumentText, read_documents
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.modules.bigram import BigramModel
from sentrep.modules.padding import Texts, pad_lists
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded

Split = Literal["lines", "prose"]

HELD_OUT_EVERY = 5
"""Every fifth sentence, with its copies, is kept from training, for a language model that measures fluency
independently."""


@dataclass(frozen=True)
class ReferenceText:
    """Real sentences, and two language models of them."""

    texts: Texts
    """The sentences to learn from."""
    language_model: BigramModel
    """Counted on `texts`."""
    heldout_language_model: BigramModel
    """Counted on the held-out sentences."""

    @classmethod
    def read(
        cls,
        path: str,
        field: str,
        split: Split,
        tokenizer: Tokenizer,
        max_tokens: int,
        vocab: int,
        device: torch.device,
    ) -> ReferenceText:
        """Reads sentences from a file; those of more than `max_tokens` tokens are left out.

        Args:
            path: file of sentences, one for each line or record, or of prose.
            field: field or column that holds the text.
            split: 'lines', or 'prose' to split the text into sentences.
            tokenizer: makes tokens of the sentences.
            max_tokens: tokens of the longest sentence that is used.
            vocab: size of the vocabulary.
            device: where the tensors are.

        Raises:
            InputError: nothing can be read, or too few sentences are left.
        """
        given = f"{opt('summaries')} {at(path)} {opt('summaries_field')} {field}"
        documents = read_sentences(given, path, field, split=split)
        ids = [encode_plain(tokenizer, text) for document in documents for text in document.sentences]
        rows = [row for row in ids if 0 < len(row) <= max_tokens]
        number = {row: place for place, row in enumerate(dict.fromkeys(map(tuple, rows)))}
        if len(number) < 2 * HELD_OUT_EVERY:
            raise InputError(
                f"{opt('summaries')} {at(path)}: {len(number)} different sentences of {len(ids):,} have 1 to "
                f"{max_tokens} tokens, and {2 * HELD_OUT_EVERY} are needed; raise "
                f"{opt('max_summary_tokens')}, "
                f"check {opt('summaries_field')}, or give another file"
            )
        held_out = [number[tuple(row)] % HELD_OUT_EVERY == HELD_OUT_EVERY - 1 for row in rows]
        train, test = (
            pad_lists([row for row, apart in zip(rows, held_out, strict=True) if apart == which], device)
            for which in (False, True)
        )
        return cls(train, BigramModel(train, vocab), BigramModel(test, vocab))

    def sample(self, count: int) -> Texts:
        """Returns randomly chosen sentences."""
        return self.texts.select(self._random_rows(count))

    def sample_lengths(self, count: int) -> Int[Tensor, " text"]:
        """Returns the lengths of randomly chosen sentences."""
        return self.texts.lengths[self._random_rows(count)]

    def token_counts(self, vocab: int) -> Int[Tensor, " vocab"]:
        """Returns how often each token occurs in the sentences."""
        return self.texts.ids[self.texts.mask].bincount(minlength=vocab)

    def _random_rows(self, count: int) -> Int[Tensor, " row"]:
        return torch.randint(len(self.texts.ids), (count,), device=self.texts.ids.device)


def read_pairs(
    path: str,
    tokenizer: Tokenizer,
    max_pairs: int | None,
    max_article_tokens: int,
    max_summary_tokens: int,
    device: torch.device,
) -> tuple[Texts, Texts]:
    """Reads the first `max_pairs` articles with their summaries, both cut to their maximal lengths.

    Raises:
        InputError: the file has no such pair.
    """
    documents = read_sentences(f"{opt('pairs')} {at(path)}", path, "article", "summary")
    encoded = (
        (
            tokenizer.encode(" ".join(each.sentences))[:max_article_tokens],
            encode_plain(tokenizer, each.title)[:max_summary_tokens],
        )
        for each in documents
        if each.title
    )
    pairs = [pair for pair in encoded if all(pair)][:max_pairs]
    if not pairs:
        raise InputError(
            f"{opt('pairs')} {at(path)}: no record has both an article and a summary; give JSON lines "
            "with these "
            f"two fields, and {opt('max_pairs')} of 1 or more"
        )
    articles, summaries = zip(*pairs, strict=True)
    return pad_lists(articles, device), pad_lists(summaries, device)


def encode_plain(tokenizer: Tokenizer, text: str) -> list[int]:
    """Returns the token ids of a text without the special tokens that a pretrained tokenizer adds around
    it."""
    return list(tokenizer.inner.encode(text, add_special_tokens=False).ids)


def read_sentences(
    given: str, path: str, text_field: str, title_field: str = "title", split: Split = "lines"
) -> list[DocumentText]:
    """Reads records with their sentences.

    Args:
        given: the settings as the user gave them, for error messages.
        path: file or folder, or '-' for standard input.
        text_field: field that holds the text.
        title_field: field that holds the title.
        split: 'lines' if every line is a sentence, 'prose' to split the text into sentences.

    Raises:
        InputError: the file is missing or has no records.
    """
    if path != "-" and not expanded(path).exists():
        raise InputError(f"{given}: no such file or folder; check the path")
    config = CorpusConfig((path,), text_field=text_field, title_field=title_field, split=split, offline=True)
    try:
        return list(read_documents(config))
    except InputError as error:
        raise InputError(f"{given}: {str(error).removesuffix(' (choose one with text_field)')}") from error
