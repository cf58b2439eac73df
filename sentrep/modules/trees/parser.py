"""Parsing without labels: scores of spans and the distribution over trees that they make, for sentences of
any lengths at once.

A sentence of n tokens has n² / 2 spans, so a long one among short ones would have them all padded to the
square of its length. Sentences are sorted by length, and each part of a batch has a table of scores as large
as its own longest needs."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.trees.crf import TreeCRF, Trees
from sentrep.modules.trees.span_scorer import SpanScorer

SPANS = 1 << 14
"""Places in the table of a part, about: with 512 numbers each, 32 MB."""


NEVER = -1e4
"""Score of a forbidden span: its trees have no probability, and yet the logarithm of that is a number."""


class Parser(nn.Module):
    """A span scorer, and what trees are made of its scores.

    Args:
        width: of the tokens that are read.
        state_width: of the states of one direction, out of which spans are scored.
        dropout: in the scorer; tokens come dropped out.
    """

    def __init__(self, width: int, state_width: int = 256, dropout: float = 0.0) -> None:
        super().__init__()
        self.scorer = SpanScorer(width, state_width, dropout=dropout)

    def forward(
        self,
        tokens: Float[Tensor, "sentence position width"],
        alive: Bool[Tensor, "sentence position"],
        forbidden: Bool[Tensor, "sentence position position"] | None = None,
    ) -> TreesOfMany:
        """The distribution over the trees of each sentence, of those that have no forbidden span if there are
        any such."""
        lengths = alive.sum(1)
        order = lengths.argsort(stable=True)
        parts = []
        for rows in order.split(_sizes(lengths[order].tolist())):
            width = max(1, int(lengths[rows[-1]]))
            scores = self.scorer(tokens[rows, :width], alive[rows, :width])
            if forbidden is not None:
                scores = scores.masked_fill(forbidden[rows, :width, :width], NEVER)
            parts.append((rows, TreeCRF(scores, lengths[rows])))
        return TreesOfMany(parts, alive.shape[1])


class TreesOfMany:
    """Several `TreeCRF` as one; sentences are in the order of the batch, and trees as wide as it is."""

    def __init__(self, parts: list[tuple[Int[Tensor, " _row"], TreeCRF]], positions: int) -> None:
        self._parts, self._positions = parts, positions
        self._order = torch.cat([rows for rows, _ in parts]).argsort()

    @property
    def entropy(self) -> Float[Tensor, " sentence"]:
        """In nats."""
        return torch.cat([crf.entropy for _, crf in self._parts])[self._order]

    def log_probability(self, trees: Trees) -> Float[Tensor, "sentence tree"]:
        """log q(z | x) of some trees of each sentence, (sentence, tree, position)."""
        told = []
        for rows, crf in self._parts:
            start, end, lengths = (each[rows] for each in trees)
            width = crf.scores.shape[1]
            told.append(crf.log_probability(Trees(start[..., :width], end[..., :width], lengths)))
        return torch.cat(told)[self._order]

    def viterbi(self) -> Trees:
        """The best tree of each sentence, (sentence, 1, position)."""
        return self._together(TreeCRF.viterbi)

    def sample(self, count: int) -> Trees:
        """So many independent trees of each sentence, (sentence, tree, position)."""
        return self._together(lambda crf: crf.sample(count))

    def divide(self, draws: Float[Tensor, "tree position"]) -> Trees:
        """Trees out of the same uniform numbers for each sentence: what is drawn for it does not depend on
        the others."""
        return self._together(
            lambda crf: crf.divide(draws[:, : crf.scores.shape[1]].expand(len(crf.lengths), -1, -1))
        )

    def _together(self, made: Callable[[TreeCRF], Trees]) -> Trees:
        trees = [made(crf) for _, crf in self._parts]
        token = torch.arange(self._positions, device=self._order.device)
        start, end = (
            torch.cat(
                [torch.cat([part, token[part.shape[2] :].expand(*part.shape[:2], -1)], 2) for part in field]
            )
            for field in zip(*((each.start, each.end) for each in trees), strict=True)
        )
        return Trees(
            start[self._order], end[self._order], torch.cat([each.lengths for each in trees])[self._order]
        )


def _sizes(lengths: list[int]) -> list[int]:
    """Of parts of sentences sorted by length, the last of a part its longest."""
    sizes = [0]
    for length in lengths:
        if sizes[-1] and (sizes[-1] + 1) * length**2 > SPANS:
            sizes.append(0)
        sizes[-1] += 1
    return sizes
