"""Products of tall matrices, (word, column), in double precision.

They are computed some rows at a time, so that no matrix is copied to double precision as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROWS = 8192
"""Rows at a time."""


def inner(left: NDArray[np.float32], right: NDArray[np.float32]) -> NDArray[np.float64]:
    """The transpose of one tall matrix times another: (column of `left`, column of `right`).

    >>> inner(np.float32([[1], [2]]), np.float32([[3], [4]])).tolist()
    [[11.0]]
    """
    total = np.zeros((left.shape[1], right.shape[1]))
    for part in _parts(len(left)):
        total += left[part].T.astype(np.float64) @ right[part]
    return total


def turned(columns: NDArray[np.float32], small: NDArray[Any]) -> NDArray[np.float32]:
    """A tall matrix times a small one: (row, column of `small`).

    >>> turned(np.float32([[1, 2], [3, 4]]), np.array([[0.0], [0.5]])).tolist()
    [[1.0], [2.0]]
    """
    product = np.empty((len(columns), small.shape[1]), np.float32)
    for part in _parts(len(columns)):
        product[part] = columns[part] @ small
    return product


def orthogonal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    """An orthonormal basis of the space of the columns, by the eigenvectors of their inner products: several
    times faster than QR where there are many more rows than columns.

    >>> basis = orthogonal(np.float32([[3, 6], [4, 8]]))
    >>> basis.shape, round(float((basis.T @ basis).item()), 3)
    ((2, 1), 1.0)
    """
    values, vectors = np.linalg.eigh(inner(columns, columns))
    kept = values > 1e-10 * max(values[-1], 1e-30)
    return turned(columns, vectors[:, kept] / np.sqrt(values[kept]))


def _parts(rows: int) -> Iterator[slice]:
    return (slice(start, start + ROWS) for start in range(0, rows, ROWS))
