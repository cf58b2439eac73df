"""HNSW in memory: what the index in a folder finds, the same every time, and never more than there is."""

from __future__ import annotations

from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from sentrep.search import Index, ModelStamp, top_k
from sentrep.search.approximate import HNSW


def vectors(count: int, seed: int = 0, width: int = 24) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).standard_normal((count, width))
    unit: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return unit


def test_it_finds_what_the_folder_finds_with_exact_scores(tmp_path: Path) -> None:
    documents, queries = vectors(2000), vectors(50, seed=1)
    scores, rows = HNSW(documents).search(queries, 10)
    expected, exact = top_k(documents, queries, 10)
    assert scores.shape == rows.shape == (50, 10)
    np.testing.assert_array_equal(scores[rows == exact], expected[rows == exact])
    assert (rows == exact).mean() > 0.95
    index = Index.build(documents, out=tmp_path / "i", model=ModelStamp("toy", "aaaa1111"), kind="hnsw")
    assert (
        np.mean(
            [
                [int(hit.id) for hit in hits] == row
                for hits, row in zip(index.search(queries, 10), rows.tolist(), strict=True)
            ]
        )
        > 0.9
    )


def test_threads_change_nothing_and_are_given_back() -> None:
    documents, queries = vectors(3000, width=64), vectors(100, seed=1, width=64)
    before = faiss.omp_get_max_threads()
    try:
        faiss.omp_set_num_threads(4)
        found = [HNSW(documents).search(queries, 10)[1] for _ in range(3)]
        assert faiss.omp_get_max_threads() == 4
    finally:
        faiss.omp_set_num_threads(before)
    one = HNSW(documents).search(queries, 10)[1]
    assert all((rows == one).all() for rows in found)


def test_fewer_documents_than_are_asked_for() -> None:
    scores, rows = HNSW(vectors(3)).search(vectors(2, seed=1), 10)
    assert scores.shape == (2, 3)
    assert [sorted(row) for row in rows.tolist()] == [[0, 1, 2]] * 2
