"""The fresh classifier finds what a linear one cannot, and nothing where there is nothing."""

from __future__ import annotations

import numpy as np

from sentrep.evaluation.metrics.leakage import leakage


def test_a_label_that_no_linear_map_finds_is_found() -> None:
    vectors = np.random.default_rng(0).normal(size=(1500, 6)).astype(np.float32)
    labels = (vectors[:, 0] * vectors[:, 1] > 0).astype(np.int64)
    found = leakage(vectors[:1000], labels[:1000], vectors[1000:], labels[1000:])
    assert found.accuracy > 0.85
    assert abs(found.chance - 0.5) < 0.06


def test_random_labels_are_predicted_by_chance() -> None:
    random = np.random.default_rng(1)
    vectors, labels = random.normal(size=(1500, 6)).astype(np.float32), random.integers(4, size=1500)
    found = leakage(vectors[:1000], labels[:1000], vectors[1000:], labels[1000:])
    assert abs(found.accuracy - 0.25) < 0.07


def test_the_same_seed_gives_the_same_accuracy() -> None:
    random = np.random.default_rng(2)
    vectors, labels = random.normal(size=(400, 3)).astype(np.float32), random.integers(2, size=400)
    parts = vectors[:300], labels[:300], vectors[300:], labels[300:]
    assert leakage(*parts, seed=3) == leakage(*parts, seed=3)
