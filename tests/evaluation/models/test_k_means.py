"""K-means: as good as scikit-learn's, seeded, and the same in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics
from sklearn.cluster import KMeans

import sentrep.evaluation.models.k_means as module
from sentrep.evaluation.models.k_means import k_means


def _blobs(count: int, clusters: int, spread: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    centres = random.standard_normal((clusters, 8))
    labels = random.integers(0, clusters, count)
    return (centres[labels] + spread * random.standard_normal((count, 8))).astype(np.float32), labels


def test_it_finds_what_lies_apart() -> None:
    points, labels = _blobs(300, 6, 0.1)
    assert metrics.v_measure_score(labels, k_means(points, 6, starts=4, seed=0)) == pytest.approx(1)


def _variance(points: np.ndarray, clusters: np.ndarray) -> float:
    groups = [points[clusters == each] for each in np.unique(clusters)]
    return sum(float(((group - group.mean(axis=0)) ** 2).sum()) for group in groups)


def test_it_is_as_good_as_scikit_learn_s() -> None:
    points, _ = _blobs(400, 8, 1.2)
    theirs = KMeans(8, n_init=20, random_state=0).fit(points).inertia_
    ours = [_variance(points, k_means(points, 8, starts=8, seed=seed)) for seed in range(3)]
    assert max(ours) < 1.02 * theirs
    assert _variance(points, k_means(points, 8, starts=1, seed=0)) >= ours[0] - 1e-6, (
        "of several starts the best is kept"
    )


def test_it_does_not_depend_on_its_blocks_and_is_seeded(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _ = _blobs(200, 5, 1.0)
    whole = k_means(points, 5, starts=3, seed=1)
    assert np.array_equal(whole, k_means(points, 5, starts=3, seed=1))
    monkeypatch.setattr(module, "_NUMBERS", 1024 * 33)
    np.testing.assert_array_equal(whole, k_means(points, 5, starts=3, seed=1))


def test_fewer_places_than_clusters() -> None:
    points = np.repeat(np.eye(3, dtype=np.float32), 20, axis=0)
    assert metrics.v_measure_score(
        np.arange(60) // 20, k_means(points, 5, starts=2, seed=0)
    ) == pytest.approx(1)
