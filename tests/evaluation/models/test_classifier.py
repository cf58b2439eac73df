"""The classifier: its minimum is scikit-learn's, whatever the features look like, and no row sees what it
should not."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from sentrep.evaluation.models import classifier
from sentrep.evaluation.models.classifier import STRENGTHS, predictions
from tests.errors import refuses

Array = NDArray[np.float64]


def _data(
    rows: int = 240, width: int = 12, classes: int = 2, seed: int = 0
) -> tuple[Array, NDArray[np.int64]]:
    """Correlated features, the last of them a thousand times the first, and labels that they half tell."""
    random = np.random.default_rng(seed)
    features = (
        random.standard_normal((rows, width))
        @ random.standard_normal((width, width))
        * np.geomspace(0.03, 30, width)
        + 2
    )
    logits = (features - 2) / np.geomspace(0.03, 30, width) @ random.standard_normal((width, classes))
    return features, (logits + 3 * random.standard_normal(logits.shape)).argmax(axis=1)


def _sklearn(
    features: Array, labels: NDArray[np.int64], rows: NDArray[np.int64], strength: float, end: int
) -> Array:
    """Probabilities, (row, class), of the same minimum by another solver in float64."""
    centred = features - features[:end].mean(axis=0)
    scaled = centred / np.sqrt((centred[:end] ** 2).sum(axis=1).mean())
    inverse = 1 / (strength * len(rows)) * (2 if len(np.unique(labels)) == 2 else 1)
    model = LogisticRegression(C=inverse, solver="newton-cg", tol=1e-9, max_iter=1000).fit(
        scaled[rows], labels[rows]
    )
    probabilities: Array = model.predict_proba(scaled)
    return probabilities


@pytest.mark.parametrize("classes", [2, 4])
def test_the_minimum_is_that_of_scikit_learn(classes: int) -> None:
    features, labels = _data(classes=classes)
    problems = [np.arange(0, 200), np.arange(40, 160)]
    for rows, predicted in zip(
        problems, predictions(features.astype(np.float32), labels, problems), strict=True
    ):
        for number, strength in enumerate(STRENGTHS):
            wanted = _sklearn(features, labels, rows, strength, end=200)
            assert predicted.probability[number] == pytest.approx(wanted.max(axis=1), abs=1e-3)
            sure = np.diff(np.sort(wanted, axis=1)[:, -2:])[:, 0] > 0.01
            assert sure.sum() > 200
            assert np.array_equal(predicted.label[number][sure], wanted.argmax(axis=1)[sure])


@pytest.mark.parametrize(
    "change", [lambda x: 1e30 * x, lambda x: 1e-30 * x, lambda x: x + 30, lambda x: x[:, ::-1]]
)
def test_length_offset_and_order_of_features_do_not_matter(change: object) -> None:
    assert callable(change)
    features, labels = _data()
    (before,) = predictions(features.astype(np.float32), labels, [np.arange(200)])
    (after,) = predictions(np.ascontiguousarray(change(features), dtype=np.float32), labels, [np.arange(200)])
    assert after.probability == pytest.approx(before.probability, abs=1e-3)


def test_problems_do_not_know_of_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = _data(classes=3)
    problems = [np.arange(start, 200) for start in range(0, 50, 10)]
    together = list(predictions(features.astype(np.float32), labels, problems))
    monkeypatch.setattr(classifier, "_NUMBERS", 1)
    apart = list(predictions(features.astype(np.float32), labels, problems))
    assert len(together) == len(apart) == 5
    for one, other in zip(together, apart, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=1e-3)
    assert not np.allclose(together[0].probability, together[4].probability, atol=0.02)


def test_rows_that_are_not_trained_on_have_no_say() -> None:
    features, labels = _data()
    (before,) = predictions(features.astype(np.float32), labels, [np.arange(200)])
    changed, other = features.copy(), labels.copy()
    changed[200:] *= 50
    other[200:] = 1 - other[200:]
    (after,) = predictions(changed.astype(np.float32), other, [np.arange(200)])
    assert np.array_equal(before.probability[:, :200], after.probability[:, :200])


def test_more_features_than_rows_outliers_and_labels_that_training_never_saw() -> None:
    random = np.random.default_rng(0)
    labels = np.array([0, 1, 3] * 10 + [2, 0])
    features = random.standard_cauchy((32, 100)).astype(np.float32)
    features[:30] += 5 * random.standard_normal((4, 100))[labels[:30]].astype(np.float32)
    (predicted,) = predictions(features, labels, [np.arange(30)])
    assert np.array_equal(predicted.label[-1, :30], labels[:30])
    assert not (predicted.label == 2).any()


def test_vectors_that_differ_by_rounding_alone_are_the_same() -> None:
    labels = np.arange(100) % 3 // 2
    features = np.full((100, 20), 0.3, dtype=np.float32)
    features[labels == 1] = np.nextafter(np.float32(0.3), np.float32(1))
    (predicted,) = predictions(features, labels, [np.arange(100)])
    assert (predicted.label == 0).all()
    assert predicted.probability == pytest.approx((labels == 0).mean(), abs=1e-2)


def test_a_minimum_that_is_not_reached_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = _data()
    monkeypatch.setattr(classifier, "_STEPS", 1)
    with refuses(RuntimeError):
        list(predictions(features.astype(np.float32), labels, [np.arange(200)]))
