"""What people wrote: the sentences that a summary is to resemble, and the few pairs there may be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.config import CorpusConfig
from sentrep.data.store.store import DocumentText, read_documents
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.modules.bigram import Bigrams
from sentrep.modules.padding import Texts, of_lists
from sentrep.utils.errors import InputError, opt

Split = Literal["lines", "prose"]

HELD = 5
"""Each so-manyth sentence is kept from training, with its copies, for a language model that judges fluency
from outside."""


@dataclass(frozen=True)
class Written:
    """Sentences of people, and two language models of them."""

    texts: Texts
    """To learn from."""
    language: Bigrams
    """Of those."""
    outside: Bigrams
    """Of others."""

    @classmethod
    def read(
        cls,
        path: str,
        field: str,
        split: Split,
        tokenizer: Tokenizer,
        at_most: int,
        vocab: int,
        device: torch.device,
    ) -> Written:
        """From a file of sentences, one a line or one a record, or of prose; those of more than `at_most`
        tokens are left out.

        Raises:
            InputError: nothing can be read, or too few are left.
        """
        sentences = [
            text
            for document in read_sentences(
                f"{opt('summaries')} {path} {opt('summaries_field')} {field}", path, field, split=split
            )
            for text in document.sentences
        ]
        rows = [row for row in (plain(tokenizer, text) for text in sentences) if 0 < len(row) <= at_most]
        number = {row: place for place, row in enumerate(dict.fromkeys(map(tuple, rows)))}
        if len(number) < 2 * HELD:
            raise InputError(
                f"{opt('summaries')} {path}: of {len(sentences):,} sentences {len(number)} different ones have 1 to {at_most} tokens, and "
                f"{2 * HELD} are needed; raise {opt('at_most')}, check {opt('summaries_field')}, or give another file"
            )
        held = [number[tuple(row)] % HELD == HELD - 1 for row in rows]
        mine, others = (
            of_lists([row for row, apart in zip(rows, held, strict=True) if apart == which], device)
            for which in (False, True)
        )
        return cls(mine, Bigrams(mine, vocab), Bigrams(others, vocab))

    def draw(self, count: int) -> Texts:
        """So many of them, by chance."""
        return self.texts.rows(self._chosen(count))

    def lengths(self, count: int) -> Int[Tensor, " text"]:
        """So many lengths, as frequent as theirs."""
        return self.texts.lengths[self._chosen(count)]

    def counts(self, vocab: int) -> Int[Tensor, " vocab"]:
        """How often each token occurs in them."""
        return self.texts.ids[self.texts.alive].bincount(minlength=vocab)

    def _chosen(self, count: int) -> Int[Tensor, " row"]:
        return torch.randint(len(self.texts.ids), (count,), device=self.texts.ids.device)


def read_pairs(
    path: str, tokenizer: Tokenizer, used: int | None, longest: int, at_most: int, device: torch.device
) -> tuple[Texts, Texts]:
    """Articles and their summaries, the first `used` of them, cut to so many tokens.

    Raises:
        InputError: there is none.
    """
    read = (
        each for each in read_sentences(f"{opt('pairs')} {path}", path, "article", "summary") if each.title
    )
    pairs = [
        (tokenizer.encode(" ".join(each.sentences))[:longest], plain(tokenizer, each.title)[:at_most])
        for each in read
    ]
    pairs = [pair for pair in pairs if all(pair)][:used]
    if not pairs:
        raise InputError(
            f"{opt('pairs')} {path}: no record has both an article and a summary; wanted are JSON lines with these two fields, and "
            f"{opt('pairs_used')} of 1 or more"
        )
    articles, summaries = zip(*pairs, strict=True)
    return of_lists(articles, device), of_lists(summaries, device)


def plain(tokenizer: Tokenizer, text: str) -> list[int]:
    """Ids of a text without the marks that a pretrained tokenizer puts around it: nothing that is written has
    them."""
    return list(tokenizer.inner.encode(text, add_special_tokens=False).ids)


def read_sentences(
    given: str, path: str, text_field: str, title_field: str = "title", split: Split = "lines"
) -> list[DocumentText]:
    """Records with their sentences, one a line or split here; InputError, which says what was given, where
    there are none."""
    if path != "-" and not Path(path).expanduser().exists():
        raise InputError(f"{given}: no such file or folder; say where it is")
    config = CorpusConfig((path,), text_field=text_field, title_field=title_field, split=split, offline=True)
    try:
        return list(read_documents(config))
    except InputError as error:
        raise InputError(f"{given}: {str(error).removesuffix(' (choose one with text_field)')}") from error
