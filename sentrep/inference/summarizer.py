"""The verb `summarize`: short texts from a trained method that summarizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.inputs import texts_of
from sentrep.inference.runs import RunRecord, TrainedMethod, open_run
from sentrep.methods.capabilities import HasSummarizer
from sentrep.modules.decoding_config import DecodingConfig
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import batch_progress
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    from sentrep.modules.padding import Texts

USUAL = DecodingConfig("greedy")
"""A beam takes five times as long. On the development part of Reuters headlines it scored a point lower while
a run had learnt little, and .1 to .2 higher at the end (ROUGE-1, -2 and -L)."""
AT_ONCE = 64
"""Texts that are summarized together."""


@arguments_checked
def summarize(
    run: str | Path | Summarizer,
    texts: Sequence[str],
    length: int | None = None,
    decoding: DecodingConfig | None = None,
) -> list[str]:
    """Summaries of texts.

    Args:
        run: folder of a run of seq2seq2seq; or a `Summarizer`, which is such a run opened once.
        texts: what to summarize.
        length: tokens of a summary, approximately; if None, four fifths of the longest that the run was
            trained to write.
        decoding: how summaries are decoded; `USUAL` if None. No summary is longer than in training.

    Returns:
        One summary for each text; an empty one for an empty text.

    Raises:
        InputError: the run cannot be opened, its method does not summarize, or not at that length.

    Example:
        >>> [summary] = sentrep.summarize("runs/summaries", ["The ship left the sea in the morning."])
        >>> len(summary.split()) <= 3
        True
    """
    summarizer = run if isinstance(run, Summarizer) else Summarizer.open(run)
    return summarizer(texts, length, decoding)


@dataclass(frozen=True)
class Summarizer:
    """A trained method that summarizes."""

    trained: TrainedMethod
    max_article_tokens: int
    """Tokens of a text that are read."""
    max_summary_tokens: int
    """Tokens of a summary."""

    @classmethod
    def open(cls, run: str | Path | RunRecord) -> Summarizer:
        """Open a run.

        Raises:
            InputError: its method does not summarize, or a file is missing.
        """
        trained = open_run(run, HasSummarizer, "summarize")
        return cls(
            trained, trained.record.settings.max_article_tokens, trained.record.settings.max_summary_tokens
        )

    def __call__(
        self, texts: Sequence[str], length: int | None = None, decoding: DecodingConfig | None = None
    ) -> list[str]:
        """One summary for each text; an empty one for an empty text."""
        import torch

        from sentrep.modules.decoding import decode

        texts = texts_of(texts)
        method = self.trained.method
        assert isinstance(method, HasSummarizer)
        decoding = self.bounded(decoding or USUAL)
        length = self.usual_length if length is None else length
        if not 1 <= length <= self.max_summary_tokens:
            raise InputError(
                f"{opt('length')} {length}: this run was trained to write 1 to {self.max_summary_tokens} "
                "tokens"
            )
        articles = self.read(texts)
        lengths = articles.lengths.tolist()
        full = torch.tensor(
            [place for place, text in enumerate(texts) if text.strip() and lengths[place]], dtype=torch.long
        )
        tokenizer = self.trained.tokenizer
        random, summaries = torch.Generator().manual_seed(decoding.seed), [""] * len(texts)
        parts = full.split(AT_ONCE) if len(full) else ()
        for part in batch_progress(parts, "summarizing", AT_ONCE):
            with torch.no_grad():
                generator = method.summarizer(articles.select(part), torch.full((len(part),), length))
            found = decode(generator, decoding, random, tuple(tokenizer.special - {generator.end}))
            for place, candidates in zip(part.tolist(), found, strict=True):
                summaries[place] = tokenizer.decode(candidates[0].tokens)
        return summaries

    @property
    def usual_length(self) -> int:
        """Tokens of a summary if no length is given."""
        return max(1, 4 * self.max_summary_tokens // 5)

    def read(self, texts: Sequence[str]) -> Texts:
        """Texts as the method reads them."""
        import torch

        from sentrep.modules.padding import pad

        ids, lengths, _ = self.trained.tokenizer.encode_batch(texts, self.trained.record.max_tokens)
        return pad(
            torch.from_numpy(ids.astype("int64")),
            torch.tensor([0, *lengths.cumsum()]),
            self.max_article_tokens,
        )

    def bounded(self, decoding: DecodingConfig) -> DecodingConfig:
        """The decoding, limited to the longest summary of training; the length signal is untrained beyond
        it."""
        if decoding.k > 1:
            raise InputError(f"{opt('k')} {decoding.k}: a text has one summary; leave it at 1")
        return replace(decoding, max_length=min(decoding.max_length, self.max_summary_tokens))
