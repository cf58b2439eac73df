"""How vectors are stored: whole, in half precision, as 8-bit integers, or as sign bits.

| dtype | bytes for 384 values | what a value is |
|---|---|---|
| float32 | 1536 | as the encoder gave it |
| float16 | 768 | rounded to 11 bits |
| int8 | 384 | an integer from -127 to 127, times the scale of its dimension; each shard has its own scales |
| binary | 48 | the sign: 1 above 0, else -1 |
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.bits import byte_width, sign_bits, signs
from sentrep.utils.errors import InputError, nearest, opt

DTYPES = ("float32", "float16", "int8", "binary")
"""The ways to store vectors."""
LOSSY = ("int8", "binary")
"""The types of vectors that change which neighbours are found."""

SAMPLE, QUERIES, NEIGHBOURS = 2_000, 200, 10


class Stored(NamedTuple):
    """Vectors as they are stored.

    Args:
        values: (row, width) float32, float16 or int8; (row, bytes) uint8 of binary.
        scales: (width,) of int8.
    """

    values: NDArray[np.generic]
    scales: NDArray[np.float32] | None = None


def check_dtype(dtype: str) -> None:
    """Refuse an unknown way to store vectors.

    Raises:
        InputError: `dtype` is none of `DTYPES`.
    """
    if dtype not in DTYPES:
        raise InputError(f"{opt('dtype')} {dtype}: no such type of vectors; {nearest(str(dtype), DTYPES)}")


def store(vectors: NDArray[np.float32], dtype: str) -> Stored:
    """Vectors (row, width) in the form in which they are stored.

    Raises:
        InputError: they are too large for float16.

    >>> stored = store(np.array([[1.0, -0.5], [-2.0, 0.25]], np.float32), "int8")
    >>> stored.values.tolist()
    [[64, -127], [-127, 64]]
    """
    if dtype == "binary":
        return Stored(sign_bits(vectors))
    if dtype == "int8":
        scales = np.abs(vectors).max(axis=0) / np.float32(127)
        steps = np.where(scales == 0, np.float32(1), scales).astype(np.float32)
        return Stored(np.rint(vectors / steps).astype(np.int8), steps)
    with np.errstate(over="ignore"):
        values = vectors.astype(dtype, copy=False)
    if not np.isfinite(values).all():
        raise InputError(f"{opt('dtype')} {dtype}: these vectors do not fit; store them as float32")
    return Stored(values)


def restore(stored: Stored, dtype: str, width: int) -> NDArray[np.float32]:
    """The vectors (row, width) that `store` stored, as near as the form allows."""
    if dtype == "binary":
        return signs(np.asarray(stored.values, np.uint8), width)
    values = np.array(stored.values, np.float32)
    if stored.scales is not None:
        values *= stored.scales
    return values


def stored_width(width: int, dtype: str) -> int:
    """Columns of the stored array."""
    return byte_width(width) if dtype == "binary" else width


def array_dtype(dtype: str) -> str:
    """NumPy's name for the stored values."""
    return "uint8" if dtype == "binary" else dtype


def kept_neighbours(vectors: NDArray[np.float32], dtype: str) -> float:
    """The share of the ten nearest neighbours (cosine) that stored vectors keep, in a sample.

    Queries are vectors as they came, as in a search: 200 of a sample of at most 2,000, which is searched.

    Args:
        vectors: (row, width).
        dtype: how they are stored.
    """
    rows = np.linspace(0, len(vectors) - 1, min(len(vectors), SAMPLE)).astype(np.int64)
    sample = vectors[rows]
    stored = restore(store(sample, dtype), dtype, vectors.shape[1])
    asked = np.linspace(0, len(rows) - 1, min(len(rows), QUERIES)).astype(np.int64)
    k = min(NEIGHBOURS, len(rows) - 1)
    if k < 1:
        return 1.0
    queries = _unit(sample[asked])
    true, found = (_nearest(queries @ _unit(each).T, asked, k) for each in (sample, stored))
    kept = [len(set(one) & set(other)) for one, other in zip(true.tolist(), found.tolist(), strict=True)]
    return round(sum(kept) / (k * len(asked)), 4)


def check_dimensions(dimensions: int | None) -> None:
    """Refuse a number of values that no vector can have.

    Raises:
        InputError: it is below 1.
    """
    if dimensions is not None and dimensions < 1:
        raise InputError(f"{opt('dimensions')} {dimensions}: a vector keeps 1 value or more")


def narrowed(vectors: NDArray[np.float32], dimensions: int | None) -> NDArray[np.float32]:
    """The first `dimensions` values of each vector, at length 1 again; all of it for None.

    Raises:
        InputError: the vectors are narrower.

    >>> narrowed(np.array([[3.0, 4.0, 12.0]], np.float32), 2).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    if dimensions is None:
        return vectors
    if not 1 <= dimensions <= vectors.shape[1]:
        raise InputError(
            f"{opt('dimensions')} {dimensions}: the vectors of this model have {vectors.shape[1]}; "
            f"choose 1 to {vectors.shape[1]}"
        )
    return _unit(vectors[:, :dimensions]).astype(np.float32)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows at length 1; zero rows stay zero."""
    exact = vectors.astype(np.float64)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = exact / np.where(lengths == 0, 1, lengths)
    return scaled


def _nearest(scores: NDArray[np.float64], own: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """The `k` best columns (query, k) of each row without its own; equal scores in the order of columns."""
    scores[np.arange(len(own)), own] = -np.inf
    order: NDArray[np.int64] = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order
