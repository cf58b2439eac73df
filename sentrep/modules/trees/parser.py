"""An unsupervised parser: span scores and the distribution over trees that they define, for sentences of any
lengths at once.

A sentence of n tokens has n² / 2 spans, so padding all sentences to the longest one would be expensive.
Sentences are sorted by length, and each part of a batch has a table of scores as large as its own longest
sentence needs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.trees.binary_trees import Trees
from sentrep.modules.trees.crf import TreeCRF
from sentrep.modules.trees.span_scorer import SpanScorer

SPANS_AT_ONCE = 1 << 14
"""Entries of the score tables of a part: with 512 numbers each, 32 MB."""

FORBIDDEN_SCORE = -1e4
"""Score of a forbidden span: its trees have no probability, but a finite log-probability."""


class Parser(nn.Module):
    """A span scorer and the distribution over trees.

    Args:
        width: width of the token vectors.
        state_width: width of the scorer's states in one direction.
        dropout: rate in the scorer; the caller drops out token vectors.

    >>> parser = Parser(width=4, state_width=8)
    >>> trees = parser(torch.randn(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)).viterbi()
    >>> trees.start.shape
    torch.Size([2, 1, 3])
    """

    def __init__(self, width: int, state_width: int = 256, dropout: float = 0.0) -> None:
        super().__init__()
        self.scorer = SpanScorer(width, state_width, dropout=dropout)

    def forward(
        self,
        tokens: Float[Tensor, "sentence position width"],
        mask: Bool[Tensor, "sentence position"],
        forbidden: Bool[Tensor, "sentence position position"] | None = None,
    ) -> BatchedTreeCRF:
        """Returns the distribution over the trees of each sentence.

        Args:
            tokens: token vectors.
            mask: True at tokens.
            forbidden: spans that no tree should have, as far as there are trees without them.
        """
        lengths = mask.sum(1)
        order = lengths.argsort(stable=True)
        parts = []
        for rows in order.split(_part_sizes(lengths[order].tolist())):
            width = max(1, int(lengths[rows[-1]]))
            scores = self.scorer(tokens[rows, :width], mask[rows, :width])
            if forbidden is not None:
                scores = scores.masked_fill(forbidden[rows, :width, :width], FORBIDDEN_SCORE)
            parts.append((rows, TreeCRF(scores, lengths[rows])))
        return BatchedTreeCRF(parts, mask.shape[1])


class BatchedTreeCRF:
    """Several `TreeCRF` as one, with the sentences in the order of the batch and trees of its width.

    Args:
        parts: rows of the batch, and the distribution over their trees.
        positions: width of the batch.
    """

    def __init__(self, parts: list[tuple[Int[Tensor, " _row"], TreeCRF]], positions: int) -> None:
        self._parts, self._positions = parts, positions
        self._order = torch.cat([rows for rows, _ in parts]).argsort()

    @property
    def entropy(self) -> Float[Tensor, " sentence"]:
        """Entropy in nats."""
        return torch.cat([crf.entropy for _, crf in self._parts])[self._order]

    def log_prob(self, trees: Trees) -> Float[Tensor, "sentence tree"]:
        """Returns log q(z | x) in nats of some trees of each sentence, (sentence, tree, position)."""
        found = []
        for rows, crf in self._parts:
            start, end, lengths = (each[rows] for each in trees)
            width = crf.scores.shape[1]
            found.append(crf.log_prob(Trees(start[..., :width], end[..., :width], lengths)))
        return torch.cat(found)[self._order]

    def viterbi(self) -> Trees:
        """Returns the best tree of each sentence, (sentence, 1, position)."""
        return self._collect(TreeCRF.viterbi)

    def sample(self, count: int) -> Trees:
        """Draws `count` independent trees of each sentence, (sentence, tree, position)."""
        return self._collect(lambda crf: crf.sample(count))

    def sample_with(self, draws: Float[Tensor, "tree position"]) -> Trees:
        """Makes trees of the same uniform numbers for each sentence, whatever the other sentences are."""
        return self._collect(
            lambda crf: crf.sample_with(draws[:, : crf.scores.shape[1]].expand(len(crf.lengths), -1, -1))
        )

    def _collect(self, make: Callable[[TreeCRF], Trees]) -> Trees:
        trees = [make(crf) for _, crf in self._parts]
        start = torch.cat([self._widen(each.start) for each in trees])
        end = torch.cat([self._widen(each.end) for each in trees])
        lengths = torch.cat([each.lengths for each in trees])
        return Trees(start[self._order], end[self._order], lengths[self._order])

    def _widen(self, part: Int[Tensor, "_sentence tree _position"]) -> Int[Tensor, "_sentence tree position"]:
        """Extends a field of trees to the width of the batch."""
        token = torch.arange(part.shape[2], self._positions, device=part.device)
        return torch.cat([part, token.expand(*part.shape[:2], -1)], 2)


def _part_sizes(lengths: list[int]) -> list[int]:
    """Divides sentences, which are sorted by length, into parts of at most `SPANS_AT_ONCE` entries."""
    sizes = [0]
    for length in lengths:
        if sizes[-1] and (sizes[-1] + 1) * length**2 > SPANS_AT_ONCE:
            sizes.append(0)
        sizes[-1] += 1
    return sizes
