"""Transfer and probing: a linear classifier predicts labels of sentences or pairs from frozen vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.datasets.labelled_parts import Instance
from sentrep.evaluation.models.classifier import STRENGTHS, TOLERANCE
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.tasks.classification_folds import SEED, Answers, Fold, classify, crossed, nested
from sentrep.evaluation.vectors import Implementation, finite, numbered
from sentrep.utils.capabilities import Vectors
from sentrep.utils.errors import InputError

# Pairs whose features are computed at a time: 32 MB at width 2048.
_AT_ONCE = 4096


class Classification(Task):
    """Accuracy x 100 of logistic regression on the vectors of a model, by the protocol of SentEval.

    The features of a pair of vectors u, v are |u - v| and u * v. If the data have the single part "all", each
    sentence is tested once, in cross-validation; otherwise the classifier is trained on one part and tested
    on another. The strength of the regularisation is chosen on "dev" if that is neither trained on nor
    tested, else by cross-validation within the training part.

    Args:
        name: of the task in tables.
        parts: train, dev, test or all -> labelled sentences or pairs.
        split: part to be tested.
        train: part to train on.
        positive: label whose F1 x 100 is reported too; "1" for pairs labelled 0 and 1, as is usual for
            paraphrases.
        with_sentences: for pairs, u and v are features as well.
        folds: of cross-validation.

    Raises:
        InputError: there is nothing to train on or to test, there is only one label, or `positive` or `folds`
            does not fit the data.

    Reference:
        Conneau and Kiela 2018, "SentEval: An evaluation toolkit for universal sentence representations".

    >>> some = [Instance("+", "good"), Instance("-", "bad")]
    >>> Classification("toy", {"train": some, "test": some}).names
    ['+', '-']
    """

    needs = (Embeds,)

    def __init__(
        self,
        name: str,
        parts: Mapping[str, Sequence[Instance]],
        *,
        split: str = "test",
        train: str = "train",
        positive: str = "",
        with_sentences: bool = False,
        folds: int = 10,
    ) -> None:
        self.name, self.split, self.folds, self.with_sentences = name, split, folds, with_sentences
        chosen_on_dev = split == "test" and train != "dev" and "dev" in parts
        used = ["all"] if split == "all" else [train, "dev", split] if chosen_on_dev else [train, split]
        self.sizes = {part: len(parts[part]) for part in used}
        self.instances = [instance for part in used for instance in parts[part]]
        self.names = sorted({instance.label for instance in self.instances})
        self.labels = np.searchsorted(
            np.array(self.names), np.array([instance.label for instance in self.instances])
        )
        self.paired = bool(self.instances and self.instances[0].second)
        self.positive = positive or ("1" if self.paired and self.names == ["0", "1"] else "")
        self._check(used[0])
        self.protocol = self._protocol()
        rows = (f"{instance.label}\t{instance.first}\t{instance.second}" for instance in self.instances)
        self.data = fingerprint([*(f"{part}\t{size}" for part, size in self.sizes.items()), *rows])

    def run(self, model: Model) -> list[Score]:
        """Accuracy, with items 0 or 100, (instance,); and F1, with items (instance, 2) for a ratio."""
        folds = self._folds()
        tested = np.sort(np.concatenate([fold.tested for fold in folds]))
        answers = classify(self._features(model.implementation), self.labels, folds, self.name)
        found, wanted = answers.label[tested], self.labels[tested]
        scores = [Score("accuracy", 100.0 * (found == wanted), examples=self._worst(tested, answers))]
        if self.positive:
            place = self.names.index(self.positive)
            predicted, actual = (found == place).astype(np.float64), (wanted == place).astype(np.float64)
            scores.append(
                Score("F1", np.stack([2 * predicted * actual, predicted + actual], axis=1), "ratio")
            )
        return scores

    def _folds(self) -> list[Fold]:
        """One classifier for each fold of cross-validation, or a single one."""
        if self.split == "all":
            return nested(self.labels, self.folds)
        trained, *checked, tested = np.split(
            np.arange(len(self.labels)), np.cumsum([*self.sizes.values()])[:-1]
        )
        choosing = [(trained, rows) for rows in checked] or crossed(self.labels, trained, self.folds)
        return [Fold(trained, tested, choosing)]

    def _features(self, implementation: Implementation) -> Vectors:
        """Features, (instance, width), for pairs 2 or 4 times as wide; each text is embedded once."""
        texts, number = numbered(
            text for instance in self.instances for text in (instance.first, instance.second) if text
        )
        vectors = finite(implementation, texts)
        if not self.paired:
            single: Vectors = vectors[number]
            return single
        sides = number.reshape(-1, 2)
        features = np.empty(
            (len(sides), vectors.shape[1] * (4 if self.with_sentences else 2)), dtype=np.float32
        )
        for start in range(0, len(sides), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            u, v = (vectors[side] for side in sides[some].T)
            features[some] = np.concatenate(
                [np.abs(u - v), u * v, *((u, v) if self.with_sentences else ())], axis=1
            )
        return features

    def _worst(self, tested: NDArray[np.int64], answers: Answers) -> list[Example]:
        """Wrong predictions, the highest probability first; scored by that probability x 100."""
        wrong = tested[answers.label[tested] != self.labels[tested]]
        surest = wrong[np.argsort(-answers.probability[wrong], kind="stable")][:EXAMPLES]
        return [
            Example(
                " / ".join(filter(None, (self.instances[at].first, self.instances[at].second))),
                self.instances[at].label,
                f"{self.names[answers.label[at]]}, {100 * answers.probability[at]:.0f} % sure",
                float(100 * answers.probability[at]),
            )
            for at in surest
        ]

    def _protocol(self) -> str:
        crossing = f"{self.folds}-fold cross-validation (stratified, seed {SEED})"
        if self.split == "all":
            how = f"nested {crossing}, the strength chosen by another inside each training part"
        else:
            train, *dev, _ = self.sizes
            how = f"trained on {train}, tested on {self.split}, the strength chosen " + (
                f"by accuracy on {dev[0]}" if dev else f"by {crossing} inside {train}"
            )
        pairs = "pairs (|u-v|, u*v, u, v)" if self.with_sentences else "pairs (|u-v|, u*v)"
        return (
            f"classification of {pairs if self.paired else 'sentences'} by logistic regression on "
            f"frozen vectors: {how}; mean "
            f"cross-entropy + strength / 2 |W|^2 over all {len(self.names)} labels, bias unpenalised, "
            f"minimised to {TOLERANCE:g} "
            f"nats; strengths {', '.join(f'{strength:g}' for strength in STRENGTHS)}, of equal ones "
            "the strongest; features "
            "centred and divided by one number (total variance 1), not one by one; accuracy x 100"
            + (f", F1 x 100 of label {self.positive}" if self.positive else "")
        )

    def _check(self, trained: str) -> None:
        if len({bool(instance.second) for instance in self.instances}) > 1:
            raise InputError(
                f"{self.name}: some parts hold single sentences and others pairs; give all of them the "
                "same columns"
            )
        for part, size in self.sizes.items():
            if size == 0:
                raise InputError(f"{self.name}: nothing in {part}")
        labels = {instance.label for instance in self.instances[: self.sizes[trained]]}
        if len(labels) < 2:
            raise InputError(
                f"{self.name}: all of {trained} has the label {', '.join(labels)!r}; a classifier "
                "needs two or more"
            )
        if self.positive and self.positive not in labels:
            raise InputError(
                f"{self.name}: no label {self.positive!r} in {trained}; there are: "
                f"{', '.join(sorted(labels))}"
            )
        if self.folds < 2:
            raise InputError(f"{self.name}: folds = {self.folds}; cross-validation needs 2 or more")
        if self.split == "all" and self.sizes["all"] < 3:
            raise InputError(
                f"{self.name}: {self.sizes['all']} in all; cross-validation inside cross-validation "
                "needs 3 or more"
            )
