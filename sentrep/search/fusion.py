"""Fusion of dense and lexical scores into one ranking.

Scores of different searches have different scales. Min-max fusion maps each list to [0, 1] per query and
takes the weighted mean. On four collections with real queries it was better than reciprocal rank fusion (59.9
against 59.5 nDCG@10 on the mean; held back 59.7 against 57.1).

Reference: Bruch, Gai & Ingber, "An analysis of fusion functions for hybrid retrieval", ACM TOIS 2023, section
4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DENSE_WEIGHT = 0.5
"""Share of the dense scores."""

Scores = NDArray[np.float32]


def min_max(scores: Scores) -> Scores:
    """Scores of one query mapped to [0, 1]; zeros where all are equal.

    Args:
        scores: (candidate,), finite.

    >>> min_max(np.array([2.0, 4.0, 3.0], dtype=np.float32)).tolist()
    [0.0, 1.0, 0.5]
    """
    if not len(scores):
        return scores
    low, high = scores.min(), scores.max()
    spread = high - low
    return (scores - low) / spread if spread > 0 else np.zeros_like(scores)


def fuse(dense: Scores, lexical: Scores, dense_weight: float = DENSE_WEIGHT) -> Scores:
    """Weighted mean of both score lists after min-max scaling.

    Args:
        dense: (candidate,) cosines.
        lexical: (candidate,) BM25 scores of the same candidates; 0 where no word matches.
        dense_weight: between 0 (lexical only) and 1 (dense only).

    >>> fuse(np.float32([0.1, 0.5]), np.float32([3.0, 0.0])).tolist()
    [0.5, 0.5]
    """
    return dense_weight * min_max(dense) + (1 - dense_weight) * min_max(lexical)


def best(scores: Scores, k: int) -> NDArray[np.int64]:
    """Positions of the `k` highest scores, best first; equal scores by position.

    >>> best(np.float32([1, 3, 2, 3]), 3).tolist()
    [1, 3, 2]
    """
    if k < len(scores):
        limit = np.partition(scores, len(scores) - k)[len(scores) - k]
        candidates = np.flatnonzero(scores >= limit)
    else:
        candidates = np.arange(len(scores))
    order = np.argsort(-scores[candidates], kind="stable")
    return candidates[order][:k].astype(np.int64)
