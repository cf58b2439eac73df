"""Anomaly detection: does a model tell the texts of one class from all others, having seen that class
only?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sentrep.evaluation.datasets.labelled import Labelled, read_labelled
from sentrep.evaluation.metrics.ranking import Floats
from sentrep.evaluation.result import EXAMPLES, Example, Score
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.vectors import cosines, unit_vectors
from sentrep.utils.errors import InputError

NEAREST = 5


class Anomaly(Task):
    """AUROC and average precision x 100 of the texts of all other classes, with each class in turn as normal.

    A text is scored by its mean cosine distance to the `NEAREST` nearest training texts of the normal class.
    AUROC is the share of pairs of an anomalous and a normal text in which the anomalous one is scored higher,
    ties counting a half; the value is its mean over classes. Its items are the test texts, those of AP the
    classes.

    Reference: Ruff et al., "Self-attentive, multi-context one-class classification for unsupervised anomaly
    detection on text", 2019 (the protocol).
    """

    needs = (Embeds,)

    def __init__(self, train: Labelled, test: Labelled) -> None:
        self.name, self.split = test.name, test.split
        self.train, self.test = train, test
        counts = {label: train.labels.count(label) for label in sorted(set(test.labels))}
        self.classes = [label for label, count in counts.items() if count >= NEAREST]
        if not self.classes or len(set(test.labels)) < 2:
            raise InputError(
                f"{test.name}: no class with {NEAREST} training texts, or no other class", setting="data"
            )
        self.protocol = (
            f"anomaly detection: each of {len(self.classes)} classes as the normal one, {len(train.texts)} "
            f"training and {len(test.texts)} test texts, mean cosine distance to {NEAREST} nearest normal "
            "training texts, AUROC and AP x 100, means over classes; items of AUROC: the "
            "contributions of all texts"
        )
        self.data = test.fingerprint + train.fingerprint

    def run(self, model: Model) -> list[Score]:
        """Items of AUROC are texts; of AP, classes.

        A class with the area A has n anomalous and m normal texts of all N. An anomalous text i is scored
        higher than a share r_i of the normal ones, a normal text j lower than a share r_j of the anomalous
        ones. With sums over all C classes, the item of a text is the value plus N / C times its sum of
        (r_i - A) / n or (r_j - A) / m. These are the contributions of the text to the value, to first order,
        so intervals and paired tests over them take both kinds of texts as a sample.
        """
        train, test = (
            unit_vectors(model.implementation, self.train.texts),
            unit_vectors(model.implementation, self.test.texts),
        )
        known, labels = np.array(self.train.labels), np.array(self.test.labels)
        areas, precisions, examples = list[float](), list[float](), list[Example]()
        moved = np.zeros(len(labels))
        for label in self.classes:
            normal = train[known == label]
            strange = np.array([1 - np.sort(row)[-NEAREST:].mean() for row in cosines(normal, test)])
            strange, anomalous = np.round(strange, 9), labels != label
            found = ranks_below(strange, anomalous)
            areas.append(float(found.mean()))
            moved[anomalous] += (found - areas[-1]) / len(found)
            above = ranks_below(-strange, ~anomalous)
            moved[~anomalous] += (above - areas[-1]) / len(above)
            precisions.append(mean_precision(strange, anomalous))
            texts = np.flatnonzero(anomalous)
            examples += [
                Example(self.test.texts[texts[at]], f"not {label}", labels[texts[at]], float(found[at]))
                for at in np.argsort(found, kind="stable")[:EXAMPLES]
            ]
        items = 100 * (np.mean(areas) + len(labels) / len(self.classes) * moved)
        examples.sort(key=lambda example: example.score)
        return [
            Score("AUROC", items, examples=tuple(examples[:EXAMPLES])),
            Score("AP", 100 * np.array(precisions)),
        ]


def ranks_below(scores: Floats, anomalous: np.ndarray) -> Floats:
    """For each anomalous text the share of normal texts with a smaller score; equal scores count a half.

    Their mean is the area under the ROC curve.

    >>> ranks_below(np.array([1.0, 2, 3, 2]), np.array([False, False, True, True])).tolist()
    [1.0, 0.75]
    """
    normal = np.sort(scores[~anomalous])
    wanted = scores[anomalous]
    below = np.searchsorted(normal, wanted, "left") + np.searchsorted(normal, wanted, "right")
    return np.asarray(below / (2 * max(len(normal), 1)), np.float64)


def mean_precision(scores: Floats, anomalous: np.ndarray) -> float:
    """Average precision of the anomalous texts; texts with equal scores are taken together."""
    order = np.argsort(-scores, kind="stable")
    ordered, right = scores[order], np.cumsum(anomalous[order])
    ends = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    gained = np.diff(np.concatenate([[0], right[ends]]))
    return float((gained * right[ends] / (ends + 1)).sum() / max(int(anomalous.sum()), 1))


def read_anomaly(
    path: str | Path,
    *,
    name: str = "",
    split: str | None = None,
    label_field: str = "label",
    text_field: str = "text",
    sample: int = 4000,
) -> list[Task]:
    """Anomaly detection in a folder of texts with labels, with the parts train and test.

    Args:
        path, name, label_field, text_field, sample: as of `read_labelled`, which says what is refused.
        split: the part that is scored; test if None.
    """
    train, test = (
        read_labelled(
            path, "anomalies", name=name, split=part, label_field=label_field, text_field=text_field,
            sample=sample,
        )
        for part in ("train", split or "test")
    )  # fmt: skip
    return [Anomaly(train[0], each) for each in test]
