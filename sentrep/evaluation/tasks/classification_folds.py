"""Folds of the protocols of SentEval: which rows train a classifier, choose its strength, and test it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sentrep.evaluation.models.classifier import STRENGTHS, Floats, Integers, predictions
from sentrep.utils.progress import progress

# The seed of SentEval.
SEED = 1111


class Fold(NamedTuple):
    """One classifier: rows that train it, rows that test it, and rows on which its strength is chosen."""

    trained: Integers
    tested: Integers
    choosing: Sequence[tuple[Integers, Integers]]
    """Pairs of rows to train on and rows to validate on. The strength with the most correct predictions over
    all pairs is chosen."""


class Answers(NamedTuple):
    """Predictions of the classifiers for the rows that they are tested on."""

    label: Integers
    """(row,), -1 for rows that no fold tests."""
    probability: Floats
    """(row,), probability of that label."""


def classify(features: Floats, labels: Integers, folds: Sequence[Fold], description: str) -> Answers:
    """Train and test the classifier of each fold. Of equally good strengths the strongest is chosen.

    Args:
        features: (row, width), finite.
        labels: (row,), from 0 to the number of classes minus 1.
        folds: classifiers to be trained.
        description: for the progress bar.
    """
    problems = [rows for fold in folds for rows in (fold.trained, *(trained for trained, _ in fold.choosing))]
    predicted = progress(
        predictions(features, labels, problems), description, total=len(problems), unit="classifier"
    )
    answers = Answers(np.full(len(labels), -1), np.zeros(len(labels), dtype=np.float32))
    for fold in folds:
        final = next(predicted)
        right = np.zeros(len(STRENGTHS), dtype=np.int64)
        for _, checked in fold.choosing:
            right += (next(predicted).label[:, checked] == labels[checked]).sum(axis=1)
        best = right.argmax()
        answers.label[fold.tested] = final.label[best, fold.tested]
        answers.probability[fold.tested] = final.probability[best, fold.tested]
    return answers


def nested(labels: Integers, folds: int) -> list[Fold]:
    """Nested cross-validation: every row is tested once, by a classifier whose strength was chosen by
    cross-validation within the other rows."""
    return [
        Fold(trained, tested, crossed(labels, trained, folds))
        for trained, tested in crossed(labels, np.arange(len(labels)), folds)
    ]


def crossed(labels: Integers, rows: Integers, folds: int) -> list[tuple[Integers, Integers]]:
    """Cross-validation: for each fold the rows outside it, and the rows in it."""
    return [(np.setdiff1d(rows, own), own) for own in stratified(labels, rows, folds)]


def stratified(labels: Integers, rows: Integers, folds: int) -> list[Integers]:
    """Rows divided at random into folds, each label as evenly as possible; at most one fold per row.

    >>> [len(fold) for fold in stratified(np.zeros(5, dtype=np.int64), np.arange(5), 2)]
    [3, 2]
    """
    shuffled = np.random.default_rng(SEED).permutation(rows)
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(by_label[start::folds]) for start in range(min(folds, len(rows)))]
