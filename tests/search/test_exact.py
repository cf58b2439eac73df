"""Exact search, held against a stable sort of all scores in float64."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sentrep.search import exact, top_k
from tests.errors import refuses


def brute_force(documents: NDArray[Any], queries: NDArray[Any], k: int) -> tuple[NDArray[Any], NDArray[Any]]:
    scores = (queries.astype(np.float64) @ documents.astype(np.float64).T).astype(np.float32)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(scores, order, axis=1), order


def noise(count: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(count).standard_normal((count, width)).astype(np.float32)


@pytest.mark.parametrize("k", [3, 150, 300])
def test_vectors_that_are_not_finite_come_last(k: int) -> None:
    documents = noise(300, 8)
    damaged = documents.copy()
    damaged.view(np.uint32)[[0, 17], 2] = 0x7FA00000, 0x7F800000  # a signalling NaN, infinity
    damaged[200] = 3e38
    left = np.delete(np.arange(300), [0, 17, 200])
    scores, indices = top_k(
        damaged, documents[20:25], k, longest=100.0
    )  # as an index does: not checked first
    expected, places = brute_force(documents[left], documents[20:25], k)
    known = expected.shape[1]
    assert np.array_equal(scores[:, :known], expected)
    assert np.array_equal(indices[:, :known], left[places])
    assert np.isneginf(scores[:, known:]).all()


@pytest.mark.parametrize("shape", [(1, 7), (5, 64), (300, 33), (4000, 16)])
@pytest.mark.parametrize("k", [1, 10, 299])
@pytest.mark.parametrize("data", ["random", "duplicates", "collapsed", "zero"])
def test_top_k_is_a_stable_sort_of_all_scores(shape: tuple[int, int], k: int, data: str) -> None:
    random = np.random.default_rng(1)
    documents = random.standard_normal(shape).astype(np.float32)
    if data == "duplicates":
        documents = documents[random.integers(0, 1 + shape[0] // 40, shape[0])]
    elif data == "collapsed":
        documents[:] = documents[0]
    elif data == "zero":
        documents[:] = 0
    queries = random.standard_normal((23, shape[1])).astype(np.float32)
    scores, indices = top_k(documents, queries, k)
    expected_scores, expected_indices = brute_force(documents, queries, k)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_array_equal(scores, expected_scores)
    assert (scores.dtype, indices.dtype) == (np.float32, np.int64)


def test_top_k_does_not_depend_on_its_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    documents, queries = noise(900, 32), noise(50, 32)
    documents[400:500] = documents[300]  # equal documents on both sides of a block's end
    whole = top_k(documents, queries, 30)
    monkeypatch.setattr(exact, "DOCUMENT_BLOCK", 111)
    monkeypatch.setattr(exact, "QUERY_BLOCK", 7)
    for one, other in zip(whole, top_k(documents, queries, 30), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(whole[1], brute_force(documents, queries, 30)[1])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 70), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_top_k_with_whole_numbers_full_of_ties(count: int, k: int, queries: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    documents = random.integers(-1, 2, (count, 3)).astype(np.float32)
    asked = random.integers(-1, 2, (queries, 3)).astype(np.float32)
    scores, indices = top_k(documents, asked, k)
    assert indices.shape == (queries, min(k, count))
    np.testing.assert_array_equal(indices, brute_force(documents, asked, k)[1])
    np.testing.assert_array_equal(scores, brute_force(documents, asked, k)[0])


def test_top_k_reads_a_mapped_file_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = noise(20_000, 64).astype(np.float16)
    np.save(tmp_path / "d.npy", documents)
    monkeypatch.setattr(exact, "DOCUMENT_BLOCK", 1000)
    mapped = np.load(tmp_path / "d.npy", mmap_mode="r")
    queries = noise(5, 64)
    expected = brute_force(documents, queries, 8)[1]
    top_k(mapped[:2000], queries, 8)  # imports faiss outside the measurement
    tracemalloc.start()
    found = top_k(mapped, queries, 8)[1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(found, expected)
    assert peak < 20_000 * 64 * 4 / 3, "the whole matrix was brought into memory"


@pytest.mark.parametrize(
    ("documents", "queries", "k", "setting"),
    [
        (np.ones((3, 4)), np.ones((1, 5)), 1, "queries"),
        (np.ones((0, 4)), np.ones((1, 4)), 1, "documents"),
        (np.ones((3, 4)), np.ones((1, 4)), 0, "k"),
        (np.ones(4), np.ones((1, 4)), 1, "documents"),
        (np.ones((3, 4)), np.ones((1, 1, 4)), 1, "queries"),
        (np.array([[1.0], [np.nan]]), np.ones((1, 1)), 1, "documents"),
        (np.ones((2, 1)), np.array([[1.0], [2.0], [np.inf]]), 1, "queries"),
    ],
)
def test_top_k_names_what_is_wrong(
    documents: NDArray[Any], queries: NDArray[Any], k: int, setting: str
) -> None:
    with refuses(setting=setting):
        top_k(documents, queries, k)
