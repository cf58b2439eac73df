"""An ensemble of parsers: for each sentence, the tree that shares the most constituents with the trees of all
parsers.

Unsupervised parsers, also those that differ only in the seed, make different errors. All binary trees of a
sentence have equally many constituents, so the tree whose constituents occur most often among the given trees
is the tree with the highest mean F1 to them. Dynamic programming finds it.

Reference: Shayegh, Cao, Zhu, Cheung & Mou, "Ensemble distillation for unsupervised constituency parsing",
    ICLR 2024, section 3.2.
"""

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
    """Several runs whose methods parse."""

    parsers: tuple[TreeParser, ...]

    @classmethod
    def open(cls, runs: Sequence[str | Path]) -> Ensemble:
        """Open the methods of runs.

        Raises:
            InputError: a run does not parse, or a file of it is missing.
        """
        return cls(tuple(map(TreeParser.open, runs)))

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[Span]]:
        """The spans of the agreed trees.

        A parser may not read the end of a long sentence; there only the other parsers count.

        Args:
            sentences: the words of each sentence.
        """
        if len(self.parsers) == 1:
            return self.parsers[0].parse(sentences)
        votes = zip(*(parser.parse(sentences) for parser in self.parsers), strict=True)
        return list(agreed(list(votes), list(map(len, sentences))))


def agreed(votes: Sequence[Sequence[Sequence[Span]]], lengths: Sequence[int]) -> Iterator[list[Span]]:
    """The spans of the tree whose constituents occur most often among given trees, for each sentence.

    Args:
        votes: for each sentence, the spans of several trees: the first word, and one past the last.
        lengths: number of words of each sentence.

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
