"""Exact search over arrays: every document is scored, nothing is approximated, and ties have one order.

FAISS proposes in float32; its proposals are scored again in float64 and rounded once. So a score depends on
the two vectors alone, not on the BLAS kernel that computed it, identical documents get identical scores, and
the ranking is that of a stable sort."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress as progress_bar

QUERY_BLOCK = 1024
DOCUMENT_BLOCK = 32_768
SPARE = 8
"""Proposals beyond `k`: room for float32 to have two documents in the wrong order."""


def top_k(
    documents: NDArray[np.floating],
    queries: NDArray[np.floating],
    k: int,
    *,
    progress: bool = False,
    longest: float | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The `k` documents with the largest inner product, for each query.

    `documents` (document, width) may be memory-mapped: one block of it is in memory at a time. Scores and
    indices have the shape (query, min(k, document)), best first; among equal scores the smaller index comes
    first, also where the list is cut off. For cosines, normalise both sides first. A NaN or an infinite value
    is refused with its row; if the documents are known to be finite, `longest`, the norm of the longest one,
    saves a pass over them.

    >>> documents = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    >>> scores, indices = top_k(documents, documents[:1], k=5)
    >>> indices.tolist(), scores.tolist()
    ([[0, 2, 1]], [[1.0, 1.0, 0.0]])
    """
    _check(documents, queries, k)
    k = min(k, len(documents))
    scores = np.empty((len(queries), k), dtype=np.float32)
    indices = np.empty((len(queries), k), dtype=np.int64)
    starts = range(0, len(documents), DOCUMENT_BLOCK)
    # Documents in the outer loop: a memory-mapped file is then read once, however many queries there are.
    for start in progress_bar(starts, "searching", unit="block") if progress else starts:
        block = np.ascontiguousarray(documents[start : start + DOCUMENT_BLOCK], dtype=np.float32)
        block_longest = float(norms(block, "documents", start).max()) if longest is None else longest
        for first in range(0, len(queries), QUERY_BLOCK):
            rows, known = slice(first, first + QUERY_BLOCK), min(start, k)
            some = np.ascontiguousarray(queries[rows], dtype=np.float32)
            products = norms(some, "queries", first) * block_longest
            new_scores, new_indices = _search_block(block, some, k, products)
            best_scores, best_indices = best_first(
                np.concatenate([scores[rows, :known], new_scores], axis=1),
                np.concatenate([indices[rows, :known], new_indices + start], axis=1),
                k,
            )
            scores[rows, : best_scores.shape[1]] = best_scores
            indices[rows, : best_scores.shape[1]] = best_indices
    return scores, indices


@np.errstate(invalid="ignore", over="ignore")
def rescore(
    vectors: NDArray[np.floating], queries: NDArray[np.float32], candidates: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Inner products (query, candidate) of each query with its own candidate rows, in float64, rounded
    once; -inf where a value is not finite."""
    scores = np.empty(candidates.shape, dtype=np.float32)
    # A slice gathers queries x candidates x width float64: kept near 64 MB.
    step = max(1, 8_000_000 // max(1, candidates.shape[1] * queries.shape[1]))
    for first in range(0, len(queries), step):
        rows = slice(first, first + step)
        gathered = vectors[candidates[rows]].astype(np.float64)
        scores[rows] = np.matmul(gathered, queries[rows].astype(np.float64)[:, :, None])[:, :, 0]
    return _finite(scores)


def best_candidates(
    vectors: NDArray[np.floating], queries: NDArray[np.float32], candidates: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """The `count` candidates of each query with the largest inner products in float32.

    Args:
        vectors: (vector, width); float32 vectors are read where they are, without a copy.
        queries: (query, width).
        candidates: (query, candidate) rows of `vectors`, -1 for none.
        count: candidates to keep; all of them where there are fewer.

    Returns:
        (query, count) rows, -1 for none, in no order.
    """
    if candidates.shape[1] <= count:
        return candidates
    scores = _products(vectors, queries, np.maximum(candidates, 0))
    scores[candidates < 0] = -np.inf
    kept = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    return np.take_along_axis(candidates, kept, axis=1)


def best_first(
    scores: NDArray[np.float32], indices: NDArray[np.int64], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Each row by falling score, then by rising index, cut to `k`."""
    order = np.lexsort((indices, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(indices, order, axis=1)


def norms(rows: NDArray[np.float32], name: str, first: int = 0) -> NDArray[np.float32]:
    """Length of each row; a row that is not finite is refused with its number, counted from `first`."""
    squares: NDArray[np.float32] = np.einsum("nd,nd->n", rows, rows)
    bad = np.flatnonzero(~np.isfinite(squares))
    if len(bad):
        raise InputError(
            f"{name}: row {first + int(bad[0])} has a NaN, an infinite or a huge value; a model whose "
            "training diverged "
            "makes such vectors, so look at its loss curve",
            setting=name,
        )
    return np.sqrt(squares)


def _products(
    vectors: NDArray[np.floating], queries: NDArray[np.float32], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Inner products (query, candidate) of each query with its own rows, in float32."""
    import faiss

    library: Any = faiss
    if vectors.dtype != np.float32 or not vectors.flags.c_contiguous or not len(queries):
        return rescore(vectors, queries, rows)
    scores = np.empty(rows.shape, np.float32)
    sides = np.ascontiguousarray(queries, np.float32), vectors, np.ascontiguousarray(rows, np.int64)
    pointers = [library.swig_ptr(array) for array in (scores, *sides)]
    library.fvec_inner_products_by_idx(*pointers, vectors.shape[1], *rows.shape)
    return scores


def _search_block(
    block: NDArray[np.float32], queries: NDArray[np.float32], k: int, products: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The best `k` of one block, unordered. `products` (query,) bounds |query| |document|, hence the rounding
    error."""
    import faiss

    if k + SPARE >= len(block):
        return _rank_in_full(block, queries, min(k, len(block)))
    proposed, indices = faiss.knn(queries, block, k + SPARE, metric=faiss.METRIC_INNER_PRODUCT)
    scores, indices = best_first(rescore(block, queries, indices), indices.astype(np.int64), k)
    # Whatever was not proposed scored at most proposed[:, -1] in float32. Where the k-th best is not clear of
    # that by the error of a float32 dot product, an equal document with a smaller index may have been left
    # out: those are ranked in full.
    error = 4e-7 * np.sqrt(block.shape[1]) * products
    unsettled = np.flatnonzero(scores[:, -1] <= proposed[:, -1] + error)
    if len(unsettled):
        scores[unsettled], indices[unsettled] = _rank_in_full(block, queries[unsettled], k)
    return scores, indices


@np.errstate(invalid="ignore", over="ignore")
def _rank_in_full(
    block: NDArray[np.float32], queries: NDArray[np.float32], k: int
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    scores = np.empty((len(queries), k), dtype=np.float32)
    indices = np.empty((len(queries), k), dtype=np.int64)
    wide = block.astype(np.float64)
    # A query has as many scores as the block has documents: few queries at a time.
    for first in range(0, len(queries), 64):
        every = (queries[first : first + 64].astype(np.float64) @ wide.T).astype(np.float32)
        for row, row_scores in enumerate(_finite(every), start=first):
            threshold = np.partition(row_scores, -k)[-k]
            above = np.flatnonzero(row_scores > threshold)
            level = np.flatnonzero(row_scores == threshold)[: k - len(above)]
            indices[row] = np.concatenate([above, level])
            scores[row] = row_scores[indices[row]]
    return scores, indices


def _finite(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    """Replaces scores that are not finite by -inf, in place, so that documents of a damaged file come
    last."""
    scores[~np.isfinite(scores)] = -np.inf
    return scores


def _check(documents: NDArray[np.floating], queries: NDArray[np.floating], k: int) -> None:
    if documents.ndim != 2 or queries.ndim != 2:
        raise InputError(
            f"vectors must be 2-dimensional, got documents {documents.shape} and queries {queries.shape}",
            setting="queries" if documents.ndim == 2 else "documents",
        )
    if documents.shape[1] != queries.shape[1]:
        raise InputError(
            f"documents are {documents.shape[1]} wide and queries {queries.shape[1]}: encode both with "
            "the same model",
            setting="queries",
        )
    if len(documents) == 0:
        raise InputError("there are no documents to search", setting="documents")
    if k < 1:
        raise InputError(f"k is {k}; ask for at least 1 document", setting="k")
