"""Similarity: correlation of the cosines of sentence pairs with human similarity scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.datasets.tsv import (
    called,
    has_columns,
    of_one_split,
    of_split,
    read_table,
    stem,
    subset_of,
    tables,
)
from sentrep.evaluation.metrics.ranking import average_ranks
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.vectors import pair_cosines
from sentrep.utils.errors import InputError, at

_COLUMNS = ["score", "sentence1", "sentence2"]


class Pair(NamedTuple):
    """Two sentences and how similar they are, on any scale."""

    score: float
    first: str
    second: str


class Similarity(Task):
    """Spearman's rank correlation x 100 of cosine and human score.

    With several subsets there are three conventions, several points apart, and each is a metric of its own:
    "all" pools the pairs of all subsets (the convention of SimCSE and of most papers since), "mean" averages
    the subsets' correlations, and "weighted mean" does so by their sizes (SentEval). Each subset's own
    correlation follows."""

    needs = (Embeds,)

    def __init__(self, name: str, subsets: Mapping[str, Sequence[Pair]], *, split: str = "test") -> None:
        self.name, self.split = name, split
        self.subsets = {subset: list(pairs) for subset, pairs in subsets.items()}
        for subset, pairs in self.subsets.items():
            if len(pairs) < 2:
                raise ValueError(
                    f"{name}: subset {subset!r} has {len(pairs)} pairs; a correlation needs 2 or more"
                )
        self.protocol = "similarity: Spearman x 100 of cosine and score, equal values at their average rank"
        parts = (
            f"{pair.score:g}\t{pair.first}\t{pair.second}"
            for pairs in self.subsets.values()
            for pair in pairs
        )
        self.data = fingerprint(
            [*(f"{subset}\t{len(pairs)}" for subset, pairs in self.subsets.items()), *parts]
        )

    def run(self, model: Model) -> list[Score]:
        """Items are (cosine, score, number of the subset)."""
        pairs = [pair for subset in self.subsets.values() for pair in subset]
        cosines = pair_cosines(model.implementation, [(pair.first, pair.second) for pair in pairs])
        subset = np.repeat(np.arange(len(self.subsets)), [len(each) for each in self.subsets.values()])
        items = np.stack([cosines, np.array([pair.score for pair in pairs]), subset], axis=1)
        examples = _worst(pairs, cosines)
        if len(self.subsets) == 1:
            return [Score("Spearman", items, "spearman", examples=examples)]
        return [
            Score("Spearman (all)", items, "spearman", examples=examples),
            Score("Spearman (mean)", items, "spearman-mean"),
            Score("Spearman (weighted mean)", items, "spearman-weighted"),
            *(
                Score(f"Spearman {name}", items[subset == number], "spearman")
                for number, name in enumerate(self.subsets)
            ),
        ]


def _worst(pairs: Sequence[Pair], cosines: NDArray[np.float64]) -> list[Example]:
    """Pairs that stand furthest from their place when all are put in order; scored by how far, in percent of
    the order."""
    wanted, got = (
        100 * average_ranks(values) / len(pairs)
        for values in (np.array([pair.score for pair in pairs]), cosines)
    )
    worst = np.argsort(-np.abs(wanted - got), kind="stable")[:EXAMPLES]
    return [
        Example(
            f"{pairs[at].first} / {pairs[at].second}",
            f"{pairs[at].score:g}, above {wanted[at]:.0f} % of pairs",
            f"cosine {cosines[at]:.2f}, above {got[at]:.0f} %",
            float(abs(wanted[at] - got[at])),
        )
        for at in worst
    ]


def is_similarity(path: Path) -> bool:
    """Whether a path is a table of scored pairs, or a folder that holds one."""
    return any(has_columns(file, _COLUMNS) for file in (path.glob("*.tsv") if path.is_dir() else [path]))


def read_similarity(path: str | Path, *, name: str = "", split: str | None = None) -> list[Similarity]:
    """One task from a .tsv file, or from a folder of them, with the columns score, sentence1, sentence2, and
    no quoting.

    Files named test.tsv or NAME.test.tsv are of the test split, and likewise dev and train; NAME is the
    subset. Without `split`, test is taken where there is one, otherwise every file. `name`: in tables; the
    folder's own, if empty.

    Raises `InputError`, with file and line, for wrong columns, scores that are no numbers or all the same,
    and empty sentences; `MissingSplit` where there is no such split."""
    path = Path(path)
    splits = {file: of_split(file) for file in tables(path, _COLUMNS)}
    chosen = of_one_split(path, splits, split)
    subsets = {subset_of(file): _read(file) for file in chosen}
    if len(subsets) < len(chosen):  # dev.tsv and train.tsv, both without a NAME
        subsets = {stem(file): _read(file) for file in chosen}
    parts = {splits[file] for file in chosen}
    return [Similarity(name or called(path), subsets, split=parts.pop() if len(parts) == 1 else "all")]


def _read(file: Path) -> list[Pair]:
    pairs = []
    for number, (written, first, second) in read_table(file, _COLUMNS):
        try:
            score = float(written)
        except ValueError as error:
            raise InputError(f"{at(file, number)}: score {written!r} is not a number") from error
        if not math.isfinite(score):
            raise InputError(f"{at(file, number)}: score {written!r} is not a finite number")
        pairs.append(Pair(score, first, second))
    if len(pairs) < 2:
        raise InputError(f"{at(file)}: {len(pairs)} pairs; a correlation needs 2 or more")
    if len({pair.score for pair in pairs}) < 2:
        raise InputError(
            f"{at(file)}: all {len(pairs)} pairs have the score {pairs[0].score:g}; give different scores"
        )
    return pairs
