"""Closed-form erasure against the formula of the paper, and statistics of documents removed and put back."""

from __future__ import annotations

import numpy as np
import pytest

from sentrep.encoders.erasure import Eraser, Statistics, centred, normalised, restyled

RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(3, size=600)
VECTORS = (
    RANDOM.normal(size=(600, 8)) @ RANDOM.normal(size=(8, 8)) + 2 * RANDOM.normal(size=(3, 8))[LABELS]
).astype(np.float32)


def by_the_paper(vectors: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """x − W⁺ P W (x − μ), where W is Σ^(−½) and P projects on the columns of W Σ_xz."""
    x, z = vectors - vectors.mean(0), np.eye(3)[labels]
    values, axes = np.linalg.eigh(x.T @ x / len(x))
    whiten, unwhiten = (axes * values**power @ axes.T for power in (-0.5, 0.5))
    columns = whiten @ (x.T @ (z - z.mean(0)) / len(x))
    return np.asarray(vectors - x @ (unwhiten @ (columns @ np.linalg.pinv(columns)) @ whiten).T)


def test_erasure_is_that_of_the_paper() -> None:
    assert np.allclose(Eraser.fit(VECTORS, LABELS)(VECTORS), by_the_paper(VECTORS, LABELS), atol=1e-4)


def test_no_linear_map_finds_the_label_after_erasure() -> None:
    erased = Eraser.fit(VECTORS, LABELS)(VECTORS)
    means = np.stack([erased[label == LABELS].mean(0) for label in range(3)])
    assert np.abs(means - means.mean(0)).max() < 1e-4
    assert (
        np.linalg.matrix_rank(VECTORS - erased, tol=1e-2) == 2
    )  # labels of three values span two directions


def test_erasure_leaves_alone_what_says_nothing_of_the_label() -> None:
    vectors = RANDOM.normal(size=(400, 4)).astype(np.float32)
    labels = np.arange(400) % 2
    vectors[:, 0] += 5 * labels
    vectors[:, 1:] -= np.stack([vectors[labels == label, 1:].mean(0) for label in (0, 1)])[labels]
    erased = Eraser.fit(vectors, labels)(vectors)
    assert np.abs(erased[:, 0] - erased[:, 0].mean()).std() < vectors[:, 0].std()
    assert np.allclose((erased - vectors)[:, 1:].std(0), 0, atol=1e-3)


def test_a_direction_without_variance_is_no_trouble() -> None:
    flat = np.concatenate([VECTORS, np.zeros((600, 2), np.float32)], axis=1)
    assert np.isfinite(Eraser.fit(flat, LABELS)(flat)).all()


def test_statistics_are_removed_and_put_back() -> None:
    normal, known = normalised(VECTORS, LABELS), Statistics.of(VECTORS, LABELS)
    for label in range(3):
        rows = label == LABELS
        assert np.allclose(normal[rows].mean(0), 0, atol=1e-4)
        assert np.allclose(normal[rows].std(0), 1, atol=1e-3)
        assert np.allclose(centred(VECTORS, LABELS)[rows].mean(0), 0, atol=1e-4)
        assert np.allclose(restyled(normal[rows], known, label), VECTORS[rows], atol=1e-3)
    other = restyled(normal[LABELS == 0], known, 2)
    assert other.mean(0) == pytest.approx(VECTORS[LABELS == 2].mean(0), abs=1e-3)
