"""Folds: even, apart from each other, and nothing chosen by what is tested."""

from __future__ import annotations

import numpy as np
import pytest

from sentrep.evaluation.tasks.classification_folds import Fold, classify, nested, stratified


def test_folds_are_even_and_never_meet() -> None:
    labels = np.array([0] * 31 + [1] * 12 + [2] * 3)
    parts = stratified(labels, np.arange(46), 10)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(46))
    assert {len(part) for part in parts} == {4, 5}
    for label, count in enumerate(np.bincount(labels)):
        assert {int((labels[part] == label).sum()) for part in parts} <= {count // 10, count // 10 + 1}
    folds = nested(labels, 10)
    assert np.array_equal(np.sort(np.concatenate([fold.tested for fold in folds])), np.arange(46))
    for fold in folds:
        assert not set(fold.tested) & set(fold.trained)
        for trained, checked in fold.choosing:
            assert sorted([*trained, *checked]) == sorted(fold.trained)
    assert len(stratified(labels, np.arange(3), 10)) == 3


def test_of_equally_good_strengths_the_strongest_is_chosen() -> None:
    labels = np.array([0, 1] * 30)
    features = (labels[:, None] + 0.01 * np.random.default_rng(0).standard_normal((60, 4))).astype(np.float32)
    rows = np.arange(50)
    answers = classify(features, labels, [Fold(rows, np.arange(50, 60), [(rows, rows)])], "")
    assert np.array_equal(answers.label[50:], labels[50:])
    assert (answers.label[:50] == -1).all()
    weakest = classify(features, labels, [Fold(rows, np.arange(50, 60), [(rows, rows[:0])])], "")
    assert answers.probability[50:] == pytest.approx(weakest.probability[50:]), (
        "nothing to choose by is a tie too"
    )
    assert (answers.probability[50:] < 0.999).all()
