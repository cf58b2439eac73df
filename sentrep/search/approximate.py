"""Approximate search over an array in memory: the structure that an `Index` of many vectors has in its
folder."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentrep.search import kinds

SETTINGS = kinds.parameters("hnsw", 0)


class HNSW:
    """An HNSW graph over vectors (vector, width) of length 1 or 0, with the settings of `Index.build`.

    Built by one thread, so that the same vectors give the same graph; Malkov and Yashunin 2018.
    """

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self.vectors = vectors
        self._index = kinds.make("hnsw", vectors, SETTINGS, repeatable=True)

    def search(self, queries: NDArray[np.float32], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Exact scores and row numbers (query, k) of what the graph finds, best first; row -1 where it finds
        fewer."""
        return kinds.nearest(
            self._index, "hnsw", self.vectors, queries, min(k, len(self.vectors)), SETTINGS["effort"]
        )
