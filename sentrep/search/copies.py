"""Equal vectors, found exactly: an approximate index holds each different vector once.

Copies of a vector fill each other's links in an HNSW graph, and what is beside them is not found any more. So
each different vector is put in once, as a group, and its rows are given back together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sentrep.search.exact import best_first
from sentrep.search.stored import VectorSource


@dataclass(frozen=True)
class Groups:
    """Rows of equal vectors. Groups are ordered by their first row.

    Args:
        rows: (row,) all rows, group by group, ascending within a group.
        starts: (group + 1,) where each group begins in `rows`.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    def first(self, groups: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first row of each group; -1 stays -1."""
        found: NDArray[np.int64] = np.where(groups < 0, -1, self.rows[self.starts[np.maximum(groups, 0)]])
        return found

    def of_first(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The groups whose first rows these are; -1 stays -1."""
        if not len(self):
            return rows
        found: NDArray[np.int64] = np.searchsorted(self._firsts, np.maximum(rows, 0)).astype(np.int64)
        return np.where(rows < 0, -1, found)

    @cached_property
    def _firsts(self) -> NDArray[np.int64]:
        """The first row (group,) of each group, which ascend."""
        firsts: NDArray[np.int64] = self.rows[self.starts[:-1]]
        return firsts

    def expand(
        self, scores: NDArray[np.float32], groups: NDArray[np.int64], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The `k` best rows of some groups.

        Args:
            scores: (query, candidate) of the groups.
            groups: (query, candidate) group numbers, -1 for none.

        Returns:
            Scores and rows (query, k), by falling score, then by rising row; -inf and -1 where there are
            fewer.
        """
        known = np.maximum(groups, 0)
        sizes = np.minimum(self.starts[known + 1] - self.starts[known], k)
        sizes[groups < 0] = 0
        if sizes.max(initial=0) <= 1:
            rows = self.first(groups)
            return best_first(np.where(rows < 0, -np.inf, scores).astype(np.float32), rows, k)
        out_scores = np.full((len(groups), k), -np.inf, np.float32)
        out_rows = np.full((len(groups), k), -1, np.int64)
        for query in range(len(groups)):
            repeated = np.repeat(self.starts[known[query]], sizes[query])
            rows = self.rows[repeated + _counted(sizes[query])]
            each = np.repeat(scores[query], sizes[query])
            best = np.lexsort((rows, -each))[:k]
            out_scores[query, : len(best)], out_rows[query, : len(best)] = each[best], rows[best]
        return out_scores, out_rows


def group(vectors: VectorSource) -> Groups:
    """Find equal vectors: by a 64-bit hash first, then byte by byte."""
    hashes = np.concatenate([_hash(chunk) for chunk in vectors.chunks()])
    _, first, member = np.unique(hashes, return_index=True, return_inverse=True)
    owner = first[member]
    copies = np.flatnonzero(owner != np.arange(len(owner)))
    differing = copies[_differing(vectors, copies, owner[copies])]
    owner[differing] = differing  # a collision of the hash: a group of its own
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    return Groups(order.astype(np.int64), np.append(starts, len(owner)).astype(np.int64))


def _hash(rows: NDArray[np.floating]) -> NDArray[np.uint64]:
    """A universal hash (row,) of the bytes of each row: their words times odd numbers, summed."""
    size = next(size for size in (8, 4, 2) if rows.shape[1] * rows.itemsize % size == 0)
    words = np.ascontiguousarray(rows).view(f"u{size}")
    draw = np.random.default_rng(0)
    factors = draw.integers(0, 1 << 63, words.shape[1], dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    mixed: NDArray[np.uint64] = (words.astype(np.uint64, copy=False) * factors).sum(axis=1, dtype=np.uint64)
    return mixed


def _differing(
    vectors: VectorSource, rows: NDArray[np.int64], owners: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether (row,) the bytes of each row differ from those of its owner."""
    differs = np.zeros(len(rows), bool)
    for part in _parts(len(rows)):
        mine, others = vectors.take(rows[part]), vectors.take(owners[part])
        differs[part] = (mine.view(np.uint8) != others.view(np.uint8)).any(axis=1)
    return differs


def _parts(count: int, size: int = 4096) -> Iterator[slice]:
    return (slice(first, first + size) for first in range(0, count, size))


def _counted(sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, … within each run of the given sizes.

    >>> _counted(np.array([2, 0, 3])).tolist()
    [0, 1, 0, 1, 2]
    """
    ends = np.cumsum(sizes)
    counted: NDArray[np.int64] = np.arange(ends[-1]) - np.repeat(ends - sizes, sizes)
    return counted
