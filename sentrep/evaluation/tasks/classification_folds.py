"""Who is trained on what, where the strength of regularisation is chosen, and what is tested: SentEval's
three protocols."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sentrep.evaluation.models.classifier import STRENGTHS, Floats, Integers, predictions
from sentrep.utils.progress import progress

# SentEval's.
SEED = 1111


class Fold(NamedTuple):
    """One classifier: the rows that train it, the rows it is tested on, and where its strength is chosen."""

    trained: Integers
    tested: Integers
    choosing: Sequence[tuple[Integers, Integers]]
    """Rows to train on and rows to check with: the strength with the most right answers in all of them is
    taken."""


class Answers(NamedTuple):
    """What the classifiers say of the rows that they are tested on."""

    label: Integers
    """(row,), -1 where no fold tests it."""
    probability: Floats
    """(row,) given to that label."""


def classify(features: Floats, labels: Integers, folds: Sequence[Fold], description: str) -> Answers:
    """Answers of each fold's classifier. Of equally good strengths the strongest is chosen.

    features: (row, width), finite. labels: (row,), from 0 to the number of classes less 1.
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
    """Every row is tested once, by a classifier whose strength was chosen by cross-validation inside the
    other rows."""
    return [
        Fold(trained, tested, crossed(labels, trained, folds))
        for trained, tested in crossed(labels, np.arange(len(labels)), folds)
    ]


def crossed(labels: Integers, rows: Integers, folds: int) -> list[tuple[Integers, Integers]]:
    """Cross-validation: for each fold the other rows, and its own."""
    return [(np.setdiff1d(rows, own), own) for own in stratified(labels, rows, folds)]


def stratified(labels: Integers, rows: Integers, folds: int) -> list[Integers]:
    """Rows dealt out at random, every label as evenly as can be; with fewer rows than folds, a row each."""
    shuffled = np.random.default_rng(SEED).permutation(rows)
    by_label = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(by_label[start::folds]) for start in range(min(folds, len(rows)))]
