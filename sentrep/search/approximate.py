"""Approximate search over an array in memory: the structure that an `Index` of many vectors has in its
folder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentrep.search import kinds
from sentrep.search.stored import ArrayVectors

SETTINGS = kinds.parameters("hnsw", 0)


class HNSW:
    """An HNSW graph over vectors, with the settings of `Index.build`.

    It is built by one thread, so that the same vectors give the same graph.

    Args:
        vectors: (vector, width), of length 1 or 0.

    Reference: Malkov & Yashunin, "Efficient and robust approximate nearest neighbor search using Hierarchical
    Navigable Small World graphs", 2018.

    >>> scores, rows = HNSW(np.eye(4, dtype=np.float32)).search(np.eye(4, dtype=np.float32)[:2], 1)
    >>> rows.tolist()
    [[0], [1]]
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = vectors
        rows = np.arange(len(vectors), dtype=np.int64)
        self._index = kinds.make("hnsw", ArrayVectors(vectors), SETTINGS, rows, repeatable=True)

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Exact scores and row numbers (query, k) of what the graph finds, best first; row -1 where it finds
        fewer."""
        return kinds.nearest(
            self._index, "hnsw", self.vectors, queries, min(k, len(self.vectors)), SETTINGS["effort"]
        )
