"""Retrieval: ranks of the relevant documents of each query.

The file is over 250 lines long because exact and approximate search share queries and metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.metrics.ranking import (
    Groups,
    RelevantRanks,
    average_precision,
    ndcg,
    recall,
    reciprocal_rank,
    tie_groups,
)
from sentrep.evaluation.result import EXAMPLES, Example, fingerprint
from sentrep.evaluation.task import Embeds, Model, Ranks, Score, Task
from sentrep.evaluation.vectors import Implementation, cosines, rows, unit_vectors
from sentrep.search import top_k
from sentrep.search.approximate import HNSW, SETTINGS
from sentrep.utils.capabilities import Vectors
from sentrep.utils.progress import progress

# Deep enough for all metrics but MAP; queries with relevant documents below are scored in full.
DEPTH = 100

# Documents that are asked of an approximate index: as many as a user looks at.
NEAR = 10

# Scores that differ by no more than what rounding vectors and scores to float32 does, up to 1.6e-7, are
# equal; relative to a query's largest score where scores are no cosines.
TOLERANCE = 2.5e-7

# Score of documents that are not retrieved; lower than every cosine.
_LOST = -2.0

# Length limit of the texts of examples.
_CHARACTERS = 200

_QUERIES_AT_ONCE = 2048

_APPROXIMATELY = (
    f"; besides the best {NEAR} of an HNSW index (links {SETTINGS['links']}, effort {SETTINGS['effort']})"
)


class QueryRanking(NamedTuple):
    """Ranks of the relevant documents of one query."""

    groups: Groups
    instead: int
    """The best-ranked document that is not relevant; -1 if there is none."""
    found: Groups | None = None
    """The groups in the results of the approximate index, if one is used."""


class Retrieval(Task):
    """Queries, documents, and for each query the positions and gains of its relevant documents.

    nDCG@10, MAP, MRR@10, and recall at 1, 10 and 100 (the share of a query's relevant documents; where each
    query has one, whether it was found). `own` names for each query a document that is the query itself and
    is left out, or -1.

    Search is exact. With `approximate`, the vectors of models that embed are searched once more, through the
    HNSW index that `sentrep search` makes of many vectors: nDCG@10 (HNSW) and R@10 (HNSW) show what it loses.
    One thread builds it, so that scores repeat.

    >>> task = Retrieval("pets", ["cat"], ["dog", "cat"], [{1: 1.0}])
    >>> task.split, task.needs == (Embeds, Ranks)
    ('test', True)
    """

    needs = (Embeds, Ranks)
    texts_are = "documents"

    def __init__(
        self,
        name: str,
        queries: Sequence[str],
        documents: Sequence[str],
        relevant: Sequence[Mapping[int, float]],
        *,
        split: str = "test",
        own: Sequence[int] | None = None,
        note: str = "",
        approximate: bool = False,
    ) -> None:
        self.name, self.split, self.approximate = name, split, approximate
        self.queries, self.documents = list(queries), list(documents)
        self.own = list(own) if own is not None else [-1] * len(self.queries)
        _check(name, self.queries, self.documents, relevant, self.own)
        self.relevant = [np.array(list(each), dtype=np.int64) for each in relevant]
        self.gains = [np.array(list(each.values()), dtype=np.float64) for each in relevant]
        self.protocol = (
            f"retrieval of {len(self.queries)} queries among {len(self.documents)} documents, exact search, "
            f"equal scores by expected value, linear gains, MAP over all documents"
            + (_APPROXIMATELY if approximate else "")
            + (f"; {note}" if note else "")
        )
        answers = zip(self.own, relevant, strict=True)
        wanted = (f"{own} " + " ".join(f"{at}:{each[at]:g}" for at in sorted(each)) for own, each in answers)
        self.data = fingerprint(["queries", *self.queries, "documents", *self.documents, "relevant", *wanted])

    def run(self, model: Model) -> list[Score]:
        """All metrics, one value per query, and the queries with the lowest scores."""
        rankings = list(
            progress(self._rankings(model.implementation), self.name, total=len(self.queries), unit="query")
        )
        ranks = self._ranks([ranking.groups for ranking in rankings])
        metrics = {
            "nDCG@10": ndcg(ranks, 10),
            "MAP": average_precision(ranks, len(self.documents)),
            "MRR@10": reciprocal_rank(ranks, 10),
            "R@1": recall(ranks, 1),
            "R@10": recall(ranks, 10),
            "R@100": recall(ranks, 100),
        }
        found = [ranking.found for ranking in rankings if ranking.found is not None]
        if found:
            approximate = self._ranks(found)
            metrics["nDCG@10 (HNSW)"], metrics["R@10 (HNSW)"] = ndcg(approximate, 10), recall(approximate, 10)
        first, *others = [Score(name, items) for name, items in metrics.items()]
        return [first._replace(examples=self._worst(first.items, rankings)), *others]

    def ranks(self, implementation: Implementation) -> RelevantRanks:
        """Ranks of the relevant documents by exact search."""
        return self._ranks([ranking.groups for ranking in self._rankings(implementation)])

    def _ranks(self, groups: Sequence[Groups]) -> RelevantRanks:
        return RelevantRanks.of(groups, self.gains)

    def _rankings(self, implementation: Implementation) -> Iterator[QueryRanking]:
        return (
            self._searched(implementation)
            if isinstance(implementation, Embeds)
            else self._ranked(implementation)
        )

    def _searched(self, implementation: Embeds) -> Iterator[QueryRanking]:
        """Exact FAISS search: the best scores suffice to count the documents above a relevant one."""
        documents, queries = (
            unit_vectors(implementation, self.documents),
            unit_vectors(implementation, self.queries),
        )
        depth = min(DEPTH, len(documents))
        index = HNSW(documents) if self.approximate else None
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[start : start + _QUERIES_AT_ONCE]
            numbers = range(start, start + len(some))
            best, nearest = top_k(documents, some, depth)
            # One more, because the query's own document may be among the results.
            found = index.search(some, NEAR + 1) if index else None
            relevant = [_products(documents, queries[number], self.relevant[number]) for number in numbers]
            # A relevant document that is not clear of the end of the list stands below it, or has equals
            # there.
            lowest = np.array([scores.min() for scores in relevant])
            below = (lowest <= best[:, -1] + TOLERANCE) & (depth < len(documents))
            full = cosines(documents, some[below])
            for at, number in enumerate(numbers):
                scores = next(full) if below[at] else best[at]
                itself = self.own[number]
                own = (
                    float(_products(documents, queries[number], np.array([itself]))[0])
                    if itself >= 0
                    else None
                )
                groups = tie_groups(scores, relevant[at], self.gains[number], TOLERANCE, own)
                lossy = (
                    self._lossy(number, relevant[at], scores, own, found[0][at], found[1][at])
                    if found
                    else None
                )
                others = nearest[at][(nearest[at] != itself) & ~np.isin(nearest[at], self.relevant[number])]
                yield QueryRanking(groups, int(others[0]) if len(others) else -1, lossy)

    def _lossy(
        self,
        number: int,
        relevant: NDArray[np.float64],
        exact: NDArray[np.floating[Any]],
        own: float | None,
        scores: NDArray[np.float32],
        found: NDArray[np.int64],
    ) -> Groups:
        """A query's groups in the list of an approximate index, which `found` documents of such `scores`.

        A relevant document that is not found ranks below the list. If its score equals the last score of the
        list, each of the tied documents is in the list with equal probability; `exact` gives their number.
        """
        others = (found >= 0) & (found != self.own[number])
        scores, found = scores[others][:NEAR], found[others][:NEAR]
        end = float(scores[-1]) if len(scores) else np.inf
        equals = int(np.count_nonzero(np.abs(exact - end) <= TOLERANCE))
        equals -= own is not None and abs(own - end) <= TOLERANCE
        clear = scores[scores > end + TOLERANCE]
        listed = np.r_[clear, np.full(max(equals, len(scores) - len(clear)), end), np.full(NEAR, _LOST)]
        rankings = np.isin(self.relevant[number], found) | (np.abs(relevant - end) <= TOLERANCE)
        return tie_groups(listed, np.where(rankings, relevant, 2 * _LOST), self.gains[number], TOLERANCE)

    def _ranked(self, implementation: Implementation) -> Iterator[QueryRanking]:
        for number, row in enumerate(rows(implementation, self.documents, self.queries)):
            scores = np.nan_to_num(row)
            tolerance = TOLERANCE * float(np.abs(scores).max())
            own = float(scores[self.own[number]]) if self.own[number] >= 0 else None
            relevant = scores[self.relevant[number]].astype(np.float64)
            groups = tie_groups(scores, relevant, self.gains[number], tolerance, own)
            scores[self.relevant[number]] = -np.inf
            if own is not None:
                scores[self.own[number]] = -np.inf
            instead = int(scores.argmax())
            yield QueryRanking(groups, instead if np.isfinite(scores[instead]) else -1)

    def _worst(self, values: NDArray[np.float64], rankings: Sequence[QueryRanking]) -> list[Example]:
        """Queries with the lowest nDCG; ties are broken at random with a fixed seed."""
        shuffled = np.random.default_rng(0).permutation(len(values))
        order = shuffled[np.argsort(np.round(values[shuffled], 9), kind="stable")]
        return [
            Example(
                _shortened(self.queries[number]),
                _shortened(self.documents[self.relevant[number][self.gains[number].argmax()]]),
                _shortened(self.documents[rankings[number].instead]) if rankings[number].instead >= 0 else "",
                float(values[number]),
            )
            for number in order[:EXAMPLES]
            if values[number] < 1 - 1e-9
        ]


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1] + "…"


def _products(
    documents: Vectors, query: NDArray[np.float32], chosen: NDArray[np.int64]
) -> NDArray[np.float64]:
    products: NDArray[np.float64] = documents[chosen].astype(np.float64) @ query.astype(np.float64)
    return products


def _check(
    name: str,
    queries: Sequence[str],
    documents: Sequence[str],
    relevant: Sequence[Mapping[int, float]],
    own: Sequence[int],
) -> None:
    if not queries or not documents:
        raise ValueError(
            f"{name}: {len(queries)} queries and {len(documents)} documents; needs at least one of each"
        )
    if len(relevant) != len(queries) or len(own) != len(queries):
        raise ValueError(
            f"{name}: {len(queries)} queries, but relevant documents for {len(relevant)} and own for "
            f"{len(own)}"
        )
    for number, (each, itself) in enumerate(zip(relevant, own, strict=True)):
        if not each:
            raise ValueError(f"{name}: query {number} has no relevant document; leave it out")
        if min(each) < 0 or max(each) >= len(documents) or itself >= len(documents):
            raise ValueError(f"{name}: query {number} names a document outside 0..{len(documents) - 1}")
        if itself in each:
            raise ValueError(f"{name}: query {number} is its own relevant document {itself}")
        if min(each.values()) <= 0:
            raise ValueError(
                f"{name}: query {number} has a gain that is not positive; leave such documents out"
            )
