"""Vectors and similarity scores of a model, in the form that tasks use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.capabilities import Embeds, Parses, Ranks, Scores, Summarizes, Vectors

# Pairs whose vectors are copied together: 64 MB at width 2048.
_PAIRS_AT_ONCE = 4096

Implementation = Embeds | Ranks | Summarizes | Parses
"""The protocols of a model; it may implement several."""


def unit_vectors(implementation: Implementation, texts: Sequence[str]) -> Vectors:
    """Vectors of length 1, (text, width).

    A vector with a NaN or an infinity becomes the zero vector, which is equally near to everything, so a
    broken model scores at chance.
    """
    return to_unit(finite(implementation, texts))


def to_unit(vectors: Vectors) -> Vectors:
    """Normalise the rows of an array (row, width) in place to length 1; zero rows stay zero."""
    # In float32, the lengths of parallel vectors would differ by more than rounding, and so would cosines.
    lengths = np.sqrt(np.einsum("tw,tw->t", vectors, vectors, dtype=np.float64))
    vectors /= np.where(lengths > 0, lengths, 1.0)[:, None]
    return vectors


def finite(implementation: Implementation, texts: Sequence[str]) -> Vectors:
    """Vectors (text, width) as the model returns them, with zeros for rows that are not finite.

    Raises:
        TypeError: the model does not embed. `evaluate` skips such models before this point.
        ValueError: the model returned an array of the wrong shape.
    """
    if not isinstance(implementation, Embeds):
        raise TypeError(f"{type(implementation).__name__} does not embed")
    vectors = np.array(implementation.encode(texts), dtype=np.float32)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise ValueError(f"encode gave shape {vectors.shape} for {len(texts)} texts; expected (text, width)")
    vectors[~np.isfinite(vectors).all(axis=1)] = 0.0
    return vectors


def rows(
    implementation: Implementation, documents: Sequence[str], queries: Sequence[str]
) -> Iterator[Scores]:
    """Scores of all documents, (document,), query by query; cosines where the model embeds."""
    if isinstance(implementation, Ranks) and not isinstance(implementation, Embeds):
        yield from implementation.rank(documents, queries)
        return
    yield from cosines(unit_vectors(implementation, documents), unit_vectors(implementation, queries))


def cosines(documents: Vectors, queries: Vectors) -> Iterator[Scores]:
    """Products of all documents, (document,), query by query.

    In float64: the last digits of a float32 product depend on its place in the matrix, by up to 1e-5 where
    all vectors are nearly the same, and equal documents would not be equal. In blocks of 64 MB at most."""
    queries_at_once, documents_at_once = max(1, 2**23 // len(documents)), 2**13
    products = np.empty((min(queries_at_once, len(queries)), len(documents)))
    for start in range(0, len(queries), queries_at_once):
        some = queries[start : start + queries_at_once].astype(np.float64)
        for at in range(0, len(documents), documents_at_once):
            block = documents[at : at + documents_at_once].astype(np.float64)
            products[: len(some), at : at + documents_at_once] = some @ block.T
        # Copies, because the block is overwritten in the next iteration.
        yield from (row.copy() for row in products[: len(some)])


def pair_cosines(implementation: Implementation, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Cosines of pairs of texts, (pair,), to six digits; each text is embedded once.

    Cosines that differ only in their last digits are equal: a collapsed model must not be ranked by its
    rounding."""
    texts, number = numbered(text for pair in pairs for text in pair)
    vectors, sides = unit_vectors(implementation, texts), number.reshape(-1, 2)
    found = np.empty(len(pairs))
    for start in range(0, len(pairs), _PAIRS_AT_ONCE):
        first, second = (vectors[side] for side in sides[start : start + _PAIRS_AT_ONCE].T)
        found[start : start + len(first)] = np.einsum("pw,pw->p", first, second, dtype=np.float64)
    return np.round(found, 6)


def numbered(texts: Iterable[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The different texts as they first appear, and for each text its number among these.

    >>> different, number = numbered(["a", "b", "a"])
    >>> different, number.tolist()
    (['a', 'b'], [0, 1, 0])
    """
    known: dict[str, int] = {}
    number = [known.setdefault(text, len(known)) for text in texts]
    return list(known), np.array(number, dtype=np.int64)
