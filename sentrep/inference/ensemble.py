"""An ensemble of parsers: of each sentence the tree that shares the most constituents with all of theirs.

"Ensemble distillation for unsupervised constituency parsing", Shayegh, Cao, Zhu, Cheung & Mou, ICLR 2024,
section 3.2: unsupervised parsers, seeds of the same one among them, err in different places. Binary trees of
a sentence have equally many constituents, so the tree with the most votes is the one with the highest mean F1
to theirs, and dynamic programming finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.inference.tree_parser import AT_ONCE, TreeParser

if TYPE_CHECKING:
    from sentrep.data.trees.brackets import Span


@dataclass(frozen=True)
class Ensemble:
    """Several runs that parse."""

    parsers: tuple[TreeParser, ...]

    @classmethod
    def open(cls, runs: Sequence[str | Path]) -> Ensemble:
        """The methods of runs; InputError where one does not parse or lacks a file."""
        return cls(tuple(map(TreeParser.open, runs)))

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """Spans of the agreed trees of sentences whose words are given. What some do not read, of a long
        sentence its end, the others decide."""
        if len(self.parsers) == 1:
            return self.parsers[0].parse(sentences)
        votes = zip(*(parser.parse(sentences) for parser in self.parsers), strict=True)
        return list(agreed(list(votes), list(map(len, sentences))))


def agreed(votes: Sequence[Sequence[Sequence[Span]]], lengths: Sequence[int]) -> Iterator[list[Span]]:
    """Of each sentence the spans of the tree with the most votes.

    Args:
        votes: for each sentence, the spans of several trees, from the first word to behind the last.
        lengths: words of each sentence.

    >>> list(agreed([[[(0, 3), (0, 2)], [(0, 3), (1, 3)], [(0, 3), (1, 3)]]], [3]))
    [[(0, 3), (1, 3)]]
    """
    import torch

    from sentrep.modules.trees.crf import TreeCRF

    for first in range(0, len(votes), AT_ONCE):
        some, words = votes[first : first + AT_ONCE], torch.tensor(lengths[first : first + AT_ONCE])
        count = torch.zeros(len(some), int(words.max()), int(words.max()))
        for sentence, trees in enumerate(some):
            for start, stop in (span for spans in trees for span in set(spans)):
                count[sentence, start, stop - 1] += 1
        best = TreeCRF(count, words).viterbi()
        for starts, ends in zip(best.start[:, 0].tolist(), best.end[:, 0].tolist(), strict=True):
            yield [(start, end + 1) for start, end in zip(starts, ends, strict=True) if start < end]
