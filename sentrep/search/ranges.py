"""All pairs of vectors whose cosine is large enough, by FAISS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

EXACT = 100_000
"""Up to so many vectors all pairs are compared; more are first divided into cells."""

PROBES = 16
QUERIES = 512
"""Vectors that are compared with all others at once."""

Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def pairs_above(vectors: NDArray[np.float32], cosine: float) -> Iterator[Pairs]:
    """Pairs of vectors by blocks: numbers of the first, numbers of the second (smaller), and cosines.

    Args:
        vectors: (text, width) of length 1.
        cosine: smallest cosine of a pair.

    >>> [(one.tolist(), other.tolist()) for one, other, _ in pairs_above(np.eye(3, dtype=np.float32), 0.5)]
    [([], [])]
    """
    points = np.ascontiguousarray(vectors, np.float32)
    index = _index(points)
    threshold = float(np.nextafter(np.float32(cosine) - np.float32(1e-6), np.float32(-2)))
    for start in range(0, len(points), QUERIES):
        limits, scores, numbers = index.range_search(points[start : start + QUERIES], threshold)
        one = np.repeat(np.arange(start, start + len(limits) - 1), np.diff(limits.astype(np.int64)))
        earlier = numbers < one
        yield one[earlier].astype(np.int64), numbers[earlier].astype(np.int64), scores[earlier]


def _index(points: NDArray[np.float32]) -> Any:
    import faiss

    count, width = points.shape
    cells = int(4 * count**0.5)
    kind = "Flat" if count <= EXACT else f"IVF{cells},Flat"
    index: Any = faiss.index_factory(width, kind, faiss.METRIC_INNER_PRODUCT)
    if count > EXACT:
        index.train(points[:: max(1, count // (cells * 40))])
        index.nprobe = PROBES
    index.add(points)
    return index
