"""Vectors of a corpus: nearest neighbours, and what follows from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.vectors import unit

Vectors = NDArray[np.float32]

BEST = 50
"""Terms that others are compared with, at most."""

NEAREST = 5
BLOCK = 2048


def nearest_cosines(vectors: Vectors, others: Vectors, k: int, same: bool = False) -> Vectors:
    """The `k` largest cosines (text, k) of each vector with others, largest first.

    Args:
        vectors: (text, width) of length 1.
        others: (other, width) of length 1.
        k: how many; all others where there are fewer.
        same: whether both are the same texts; then a text is not compared with itself.
    """
    k = min(k, len(others) - same)
    found = np.empty((len(vectors), k), np.float32)
    for start in range(0, len(vectors), BLOCK):
        cosines = vectors[start : start + BLOCK] @ others.T
        if same:
            rows = np.arange(len(cosines))
            cosines[rows, start + rows] = -np.inf
        best = -np.partition(-cosines, k - 1, axis=1)[:, :k] if k else cosines[:, :0]
        found[start : start + BLOCK] = -np.sort(-best, axis=1)
    return found


def promoted_order(vectors: NDArray[np.floating]) -> list[int]:
    """A new order of ranked terms: those that resemble the best terms get a better rank.

    Args:
        vectors: (term, width), best term first.

    Returns:
        Their numbers by the mean of the old rank and the rank by cosine to the nearest of the best terms.
    """
    points = unit(vectors)
    best = points[: max(2, min(BEST, len(points) // 4))]
    near = np.empty(len(points))
    near[: len(best)] = nearest_cosines(best, best, NEAREST, same=True).mean(axis=1)
    near[len(best) :] = nearest_cosines(points[len(best) :], best, NEAREST).mean(axis=1)
    rank = np.argsort(np.argsort(-near, kind="stable"), kind="stable")
    return [int(at) for at in np.argsort(rank + np.arange(len(points)), kind="stable")]
