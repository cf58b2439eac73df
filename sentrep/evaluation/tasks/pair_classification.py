"""Pair classification: whether the cosine separates paraphrases from other pairs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sentrep.evaluation.datasets.tsv import called, of_one_split, of_split, read_table, subset_of, tables
from sentrep.evaluation.metrics.ranking import Floats, average_ranks
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.vectors import pair_cosines
from sentrep.utils.errors import InputError, at

_COLUMNS = ["label", "sentence1", "sentence2"]


class LabelledPair(NamedTuple):
    """Two sentences, and 1 if they mean the same, else 0."""

    label: int
    first: str
    second: str


class PairClassification(Task):
    """Average precision x 100 of the cosine, and accuracy and F1 x 100 at thresholds from other pairs.

    A model whose cosines are all equal gets the average precision of a random order (slightly more than the
    share of positive pairs), the accuracy of one label for all pairs, and the F1 of labelling all pairs
    positive.

    Args:
        name: of the task in tables.
        pairs: to be classified.
        split: that the pairs belong to.
        tuning: pairs on which the thresholds are chosen; without them there are no metrics with a threshold.
        tuning_split: that these belong to.
        note: appended to the protocol.

    >>> PairClassification("toy", [LabelledPair(1, "big", "large"), LabelledPair(0, "big", "blue")]).split
    'test'
    """

    needs = (Embeds,)

    def __init__(
        self,
        name: str,
        pairs: Sequence[LabelledPair],
        *,
        split: str = "test",
        tuning: Sequence[LabelledPair] = (),
        tuning_split: str = "dev",
        note: str = "",
    ) -> None:
        self.name, self.split = name, split
        self.pairs, self.tuning = list(pairs), list(tuning)
        at = (
            "accuracy and F1 x 100, each at the threshold that is best "
            f"on {tuning_split} ({len(self.tuning)} pairs)"
        )
        self.protocol = (
            "pair classification by cosine: average precision x 100, equal cosines by expected value; "
            + (at if self.tuning else "no threshold, since there are no other pairs to find it on")
        )
        self.protocol += f"; {note}" if note else ""
        parts = (f"{pair.label}\t{pair.first}\t{pair.second}" for pair in [*self.pairs, *self.tuning])
        self.data = fingerprint([str(len(self.pairs)), *parts])

    def run(self, model: Model) -> list[Score]:
        """Items are (cosine, label) for average precision, 0 or 100 for accuracy, and (pair, 2) for the ratio
        F1."""
        both = [*self.pairs, *self.tuning]
        all_cosines = pair_cosines(model.implementation, [(pair.first, pair.second) for pair in both])
        all_labels = np.array([pair.label for pair in both], dtype=np.float64)
        (cosines, tuning), (labels, wanted) = (
            np.split(column, [len(self.pairs)]) for column in (all_cosines, all_labels)
        )
        examples = _worst(self.pairs, cosines, labels)
        scores = [Score("AP", np.stack([cosines, labels], axis=1), "average-precision", examples=examples)]
        if self.tuning:
            for_accuracy, for_f1 = thresholds(tuning, wanted)
            right = (cosines >= for_accuracy) == (labels == 1)
            positive = (cosines >= for_f1).astype(np.float64)
            scores.append(Score("accuracy at threshold", 100.0 * right))
            scores.append(
                Score(
                    "F1 at threshold", np.stack([2 * positive * labels, positive + labels], axis=1), "ratio"
                )
            )
        return scores


def thresholds(cosines: Floats, labels: Floats) -> tuple[float, float]:
    """The thresholds of the best accuracy and of the best F1: pairs at or above it are positive.

    A threshold is halfway between neighbouring cosines, or infinite if labelling all or no pairs positive is
    best. Of equally good thresholds the highest is taken.

    Args:
        cosines: (pair,)
        labels: (pair,), 0 or 1.

    >>> thresholds(np.array([0.75, 0.5, 0.25]), np.array([1.0, 1.0, 0.0]))
    (0.375, 0.375)
    """
    order = np.argsort(-cosines, kind="stable")
    edges = np.r_[np.inf, cosines[order], -np.inf]
    possible = np.flatnonzero(np.diff(edges) < 0)
    # With the best i pairs called positive:
    called = np.arange(len(cosines) + 1)[possible]
    found = np.r_[0.0, np.cumsum(labels[order])][possible]
    right = 2 * found - called
    f1 = 2 * found / np.maximum(called + labels.sum(), 1)
    halfway = (edges[possible] + edges[possible + 1]) / 2
    return float(halfway[right.argmax()]), float(halfway[f1.argmax()])


def read_pair_classification(path: str | Path, *, name: str = "", split: str | None = None) -> list[Task]:
    """Pair classification tasks of a .tsv file with columns label (0 or 1), sentence1, sentence2, or of a
    folder of such files.

    Files named test.tsv or NAME.test.tsv belong to the test split; dev and train likewise. Each NAME is a
    task. The thresholds are chosen on the dev file of NAME, or on its train file if there is no dev or dev is
    tested; a single file has none. Pairs with an empty sentence are left out.

    Args:
        path: file or folder.
        name: of the task in tables; the name of the folder if empty.
        split: test if None, or all files where there is no test split.

    Raises:
        InputError: wrong columns, a label that is not 0 or 1, or equal labels of all pairs; names file and
            line.
        MissingSplit: there is no such split.
    """
    path = Path(path)
    splits = {file: of_split(file) for file in tables(path, _COLUMNS)}
    by_place = {(subset_of(file), part): file for file, part in splits.items()}
    chosen = of_one_split(path, splits, split)
    subsets = {subset_of(file) for file in chosen}
    tasks = list[Task]()
    for file in chosen:
        subset, part = subset_of(file), splits[file]
        other = next(
            (other for other in ("dev", "train") if other != part and (subset, other) in by_place), ""
        )
        full = (name or called(path)) + (f": {subset}" if len(subsets) > 1 else "")
        pairs, left = _read(file)
        tuning, _ = _read(by_place[subset, other]) if other else ([], 0)
        note = f"pairs with an empty sentence, of which there are {left}, left out" if left else ""
        tasks.append(
            PairClassification(full, pairs, split=part, tuning=tuning, tuning_split=other, note=note)
        )
    return tasks


def _read(file: Path) -> tuple[list[LabelledPair], int]:
    """The pairs of a file, and the number of pairs with an empty sentence, which are left out."""
    pairs, left = [], 0
    for number, (label, first, second) in read_table(file, _COLUMNS, may_be_empty=_COLUMNS[1:]):
        if label not in ("0", "1"):
            raise InputError(
                f"{at(file, number)}: label {label!r}; expected 1 for pairs that mean the same, 0 for others"
            )
        if first and second:
            pairs.append(LabelledPair(int(label), first, second))
        else:
            left += 1
    if len({pair.label for pair in pairs}) < 2:
        raise InputError(
            f"{at(file)}: {len(pairs)} pairs, none or all of them with label 1; both labels are needed"
        )
    return pairs, left


def _worst(pairs: Sequence[LabelledPair], cosines: Floats, labels: Floats) -> list[Example]:
    """Pairs on the wrong side of the most pairs of the other label; scored by the share of these x 100."""
    same = labels == 1
    beyond = np.empty(len(pairs))
    for mine, sign in ((same, -1), (~same, 1)):
        below = average_ranks(sign * cosines)[mine] - average_ranks(sign * cosines[mine])
        beyond[mine] = 100 * below / np.count_nonzero(~mine)
    return [
        Example(
            f"{pairs[at].first} / {pairs[at].second}",
            "the same meaning" if same[at] else "another meaning",
            f"cosine {cosines[at]:.2f}, {'below' if same[at] else 'above'} {beyond[at]:.0f} % of the "
            "pairs of " + ("another meaning" if same[at] else "the same meaning"),
            float(beyond[at]),
        )
        for at in np.argsort(-beyond, kind="stable")[:EXAMPLES]
    ]
