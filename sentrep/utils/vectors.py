"""Vectors of length 1."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 2048
"""Rows that are copied to float64 at once."""


def unit(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """Vectors (text, width) of length 1; a zero vector stays zero. The lengths are computed in float64.

    >>> unit(np.array([[3.0, 4.0], [0.0, 0.0]])).round(1).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    found = np.empty(vectors.shape, np.float32)
    for start in range(0, len(vectors), _ROWS):
        block = vectors[start : start + _ROWS]
        lengths = np.linalg.norm(block.astype(np.float64), axis=1, keepdims=True)
        found[start : start + _ROWS] = block / np.where(lengths > 0, lengths, 1)
    return found
