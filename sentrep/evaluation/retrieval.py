"""Retrieval: for each query, how high do its relevant documents stand among all documents?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.metrics import Groups, Placed, average_precision, ndcg, place, recall, reciprocal_rank
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Embeds, Model, Ranks, Score, Task, Vectors, cosines, rows, unit
from sentrep.progress import progress
from sentrep.search import top_k

# Deep enough for all metrics but MAP; queries with relevant documents below are scored in full.
DEPTH = 100

# Equal vectors may have scores that differ in the last digits; relative to the largest score of a query.
TOLERANCE = 1e-6

_QUERIES_AT_ONCE = 2048


class Retrieval(Task):
    """Queries, documents, and for each query the positions and gains of its relevant documents.

    nDCG@10, MAP, MRR@10, and recall at 1, 10 and 100 (the share of a query's relevant documents; where each query has one,
    whether it was found). `own` names for each query a document that is the query itself and is left out, or -1.

    >>> task = Retrieval("pets", ["cat"], ["dog", "cat"], [{1: 1.0}])
    >>> task.split, task.needs == (Embeds, Ranks)
    ('test', True)
    """

    needs = (Embeds, Ranks)

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
    ) -> None:
        self.name, self.split = name, split
        self.queries, self.documents = list(queries), list(documents)
        self.own = list(own) if own is not None else [-1] * len(self.queries)
        _check(name, self.queries, self.documents, relevant, self.own)
        self.relevant = [np.array(list(each), dtype=np.int64) for each in relevant]
        self.gains = [np.array(list(each.values()), dtype=np.float64) for each in relevant]
        self.protocol = (
            f"retrieval of {len(self.queries)} queries among {len(self.documents)} documents, exact search, "
            f"equal scores by expected value, linear gains, MAP over all documents" + (f"; {note}" if note else "")
        )
        answers = zip(self.own, relevant, strict=True)
        wanted = (f"{own} " + " ".join(f"{at}:{each[at]:g}" for at in sorted(each)) for own, each in answers)
        self.data = fingerprint(["queries", *self.queries, "documents", *self.documents, "relevant", *wanted])

    def run(self, model: Model) -> list[Score]:
        """All metrics, one number a query."""
        placed = self.place(model.does)
        metrics = {
            "nDCG@10": ndcg(placed, 10),
            "MAP": average_precision(placed, len(self.documents)),
            "MRR@10": reciprocal_rank(placed, 10),
            "R@1": recall(placed, 1),
            "R@10": recall(placed, 10),
            "R@100": recall(placed, 100),
        }
        return [Score(name, items) for name, items in metrics.items()]

    def place(self, does: Embeds | Ranks) -> Placed:
        """Where the relevant documents stand."""
        groups = self._searched(does) if isinstance(does, Embeds) else self._ranked(does)
        return Placed.of(list(progress(groups, self.name, total=len(self.queries), unit="query")), self.gains)

    def _searched(self, does: Embeds) -> Iterator[Groups]:
        """By exact FAISS search, of which only the best scores are needed to count what stands above a relevant document."""
        documents, queries = unit(does, self.documents), unit(does, self.queries)
        depth = min(DEPTH, len(documents))
        for start in range(0, len(queries), _QUERIES_AT_ONCE):
            some = queries[start : start + _QUERIES_AT_ONCE]
            numbers = range(start, start + len(some))
            best, _ = top_k(documents, some, depth)
            relevant = [_products(documents, queries[number], self.relevant[number]) for number in numbers]
            # A relevant document that is not clear of the end of the list stands below it, or has equals there.
            lowest = np.array([scores.min() for scores in relevant])
            below = (lowest <= best[:, -1] + TOLERANCE) & (depth < len(documents))
            full = cosines(documents, some[below])
            for number, scores, mine, is_below in zip(numbers, best, relevant, below, strict=True):
                itself = self.own[number]
                own = float(_products(documents, queries[number], np.array([itself]))[0]) if itself >= 0 else None
                yield place(next(full) if is_below else scores, mine, self.gains[number], TOLERANCE, own)

    def _ranked(self, does: Ranks) -> Iterator[Groups]:
        for number, row in enumerate(rows(does, self.documents, self.queries)):
            scores = np.nan_to_num(row)
            tolerance = TOLERANCE * float(np.abs(scores).max())
            own = float(scores[self.own[number]]) if self.own[number] >= 0 else None
            relevant = scores[self.relevant[number]].astype(np.float64)
            yield place(scores, relevant, self.gains[number], tolerance, own)


def _products(documents: Vectors, query: NDArray[np.float32], chosen: NDArray[np.int64]) -> NDArray[np.float64]:
    products: NDArray[np.float64] = documents[chosen].astype(np.float64) @ query.astype(np.float64)
    return products


def _check(
    name: str, queries: Sequence[str], documents: Sequence[str], relevant: Sequence[Mapping[int, float]], own: Sequence[int]
) -> None:
    if not queries or not documents:
        raise ValueError(f"{name}: {len(queries)} queries and {len(documents)} documents; needs at least one of each")
    if len(relevant) != len(queries) or len(own) != len(queries):
        raise ValueError(f"{name}: {len(queries)} queries, but relevant documents for {len(relevant)} and own for {len(own)}")
    for number, (each, itself) in enumerate(zip(relevant, own, strict=True)):
        if not each:
            raise ValueError(f"{name}: query {number} has no relevant document; leave it out")
        if min(each) < 0 or max(each) >= len(documents) or itself >= len(documents):
            raise ValueError(f"{name}: query {number} names a document outside 0..{len(documents) - 1}")
        if itself in each:
            raise ValueError(f"{name}: query {number} is its own relevant document {itself}")
        if min(each.values()) <= 0:
            raise ValueError(f"{name}: query {number} has a gain that is not positive; leave such documents out")
