"""Ranking metrics that are exact in the presence of ties.

Documents with equal scores have no order. Each metric is the *expectation* over all orders of tied documents,
each equally likely, in closed form. A model that gives all documents the same score is exactly at chance.

Every metric needs only three counts for each group of tied documents that contains a relevant one: how many
documents rank above the group, how many are in it, and how many of these are relevant. The other documents
need not be sorted.

Reference:
    McSherry and Najork 2008, "Computing information retrieval performance measures efficiently in the
    presence of tied scores".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# From this many groups per query on, sorting all scores is cheaper than counting for each group.
_FEW = 16


class Groups(NamedTuple):
    """The tie groups of one query that hold relevant documents, best first."""

    above: Integers
    """(group,) documents that score higher."""
    tied: Integers
    """(group,) documents that score the same, relevant or not."""
    relevant: Integers
    """(group,) relevant ones among the tied."""
    gain: Floats
    """(group,) sum of their gains."""


@dataclass(frozen=True)
class RelevantRanks:
    """Ranks of the relevant documents of all queries: the tie groups of each query, one after another."""

    query: Integers
    """(group,) which query, ascending."""
    above: Integers
    tied: Integers
    relevant: Integers
    gain: Floats
    judged: tuple[Floats, ...]
    """For each query, the gains of all its relevant documents, retrieved or not."""

    @classmethod
    def of(cls, groups: Sequence[Groups], judged: Sequence[Floats]) -> RelevantRanks:
        """Concatenate the groups of all queries. Every query must have a relevant document."""
        query = np.repeat(np.arange(len(groups)), [len(each.above) for each in groups])
        above, tied, relevant, gain = (np.concatenate(column) for column in zip(*groups, strict=True))
        return cls(query, above, tied, relevant, gain, tuple(judged))

    def sums(self, groups: Floats) -> Floats:
        """Sum of a value per group over the groups of each query, (query,)."""
        sums: Floats = np.bincount(self.query, weights=groups, minlength=len(self.judged)).astype(np.float64)
        return sums

    def totals(self) -> Floats:
        """(query,) count of relevant documents."""
        return np.array([len(gains) for gains in self.judged], dtype=np.float64)


def tie_groups(
    scores: NDArray[np.floating[Any]],
    relevant: Floats,
    gains: Floats,
    tolerance: float = 0.0,
    own: float | None = None,
) -> Groups:
    """Tie groups of one query.

    scores: (document,) in any order. relevant, gains: (relevant document,) their scores and gains. Scores
    within `tolerance` of each other are equal, since the same product summed in another order differs in its
    last digits. `own`: the score of a document that is the query itself and is left out.
    """
    order = np.argsort(-relevant, kind="stable")
    relevant, gains = relevant[order], gains[order]
    starts = np.flatnonzero(np.r_[True, relevant[:-1] - relevant[1:] > tolerance])
    ends = np.r_[starts[1:], len(relevant)] - 1
    top, bottom = relevant[starts] + tolerance, relevant[ends] - tolerance
    if len(top) < _FEW:
        above = np.array([np.count_nonzero(scores > limit) for limit in top], dtype=np.int64)
        upto = np.array([np.count_nonzero(scores >= limit) for limit in bottom], dtype=np.int64)
    else:
        ordered = np.sort(scores)
        above = len(ordered) - np.searchsorted(ordered, top, side="right")
        upto = len(ordered) - np.searchsorted(ordered, bottom, side="left")
    if own is not None:
        above, upto = above - (own > top), upto - (own >= bottom)
    counts = ends - starts + 1
    return Groups(above, np.maximum(upto - above, counts), counts, np.add.reduceat(gains, starts))


def ndcg(ranks: RelevantRanks, k: int) -> Floats:
    """Normalised discounted cumulative gain of the first k, (query,); gains linear as in trec_eval.

    Järvelin and Kekäläinen 2002.
    """
    discount = np.r_[0.0, np.cumsum(1 / np.log2(np.arange(2, k + 2)))]
    inside = discount[np.minimum(ranks.above + ranks.tied, k)] - discount[np.minimum(ranks.above, k)]
    steps = np.diff(discount)
    ideal = np.array([np.sort(gains)[::-1][:k] @ steps[: len(gains)] for gains in ranks.judged])
    gained: Floats = ranks.sums(ranks.gain * inside / ranks.tied) / ideal
    return gained


def recall(ranks: RelevantRanks, k: int) -> Floats:
    """Share of a query's relevant documents among the first k, (query,)."""
    return _found(ranks, k) / ranks.totals()


def precision(ranks: RelevantRanks, k: int) -> Floats:
    """Share of relevant documents among the first k, (query,)."""
    return _found(ranks, k) / k


def r_precision(ranks: RelevantRanks) -> Floats:
    """Precision among as many first documents as are relevant, (query,): there it equals recall."""
    totals = ranks.totals()
    return _found(ranks, totals.astype(np.int64)[ranks.query]) / totals


def average_precision(ranks: RelevantRanks, depth: int = 1000) -> Floats:
    """Average precision over the first `depth` documents, (query,); unfound relevant documents count as
    precision 0."""
    earlier = np.cumsum(ranks.relevant) - ranks.relevant
    first = np.r_[True, np.diff(ranks.query) > 0]
    before = earlier - np.maximum.accumulate(np.where(first, earlier, 0))
    return ranks.sums(tied_precision(ranks.above, ranks.tied, ranks.relevant, before, depth)) / ranks.totals()


def tied_precision(
    above: Integers, tied: Integers, relevant: Integers, before: Integers, depth: int
) -> Floats:
    """Sum of the precisions at a tie group's relevant documents, for each group; all arguments have one
    shape.

    Above the group stand `above` documents, `before` of them relevant; places beyond `depth` count 0.
    """
    inside = np.clip(depth - above, 0, tied)
    # At the j-th place of a group, if it holds a relevant document, the j - 1 places before it hold slope *
    # (j - 1) on average.
    slope = (relevant - 1) / np.maximum(tied - 1, 1)
    harmonic = np.r_[0.0, np.cumsum(1 / np.arange(1, depth + 1))]
    start = np.minimum(above, depth)
    reciprocal = harmonic[start + inside] - harmonic[start]
    summed: Floats = relevant / tied * ((before + 1 - slope * (above + 1)) * reciprocal + slope * inside)
    return summed


def reciprocal_rank(ranks: RelevantRanks, k: int) -> Floats:
    """1 / rank of the first relevant document, 0 if it is not among the first k, (query,)."""
    expected: Floats = _first(ranks, k) @ (1 / np.arange(1, k + 1))
    return expected


def average_ranks(values: NDArray[np.floating[Any]]) -> Floats:
    """Rank of each value, smallest first from 1; equal values share their average rank.

    >>> average_ranks(np.array([0.5, 0.1, 0.5])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return ranks


def _found(ranks: RelevantRanks, k: int | Integers) -> Floats:
    """Relevant documents among the first k, (query,); k may be given for each group."""
    return ranks.sums(ranks.relevant * np.clip(k - ranks.above, 0, ranks.tied) / ranks.tied)


def _first(ranks: RelevantRanks, k: int) -> Floats:
    """Probability that the first relevant document stands at rank 1..k, (query, k); only a query's best group
    can hold it."""
    best = np.flatnonzero(np.r_[True, np.diff(ranks.query) > 0])
    above, tied, relevant = ranks.above[best], ranks.tied[best], ranks.relevant[best]
    probability = np.zeros((len(best), k))
    not_yet = np.ones(len(best))
    for rank in range(1, k + 1):
        left = tied - (rank - above - 1)
        here = (rank > above) & (left >= relevant)
        probability[:, rank - 1] = np.where(here, not_yet * relevant / np.maximum(left, 1), 0.0)
        not_yet -= probability[:, rank - 1]
    return probability
