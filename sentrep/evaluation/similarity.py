"""Similarity: do cosines of sentence pairs rise with the similarity that people see?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.errors import InputError
from sentrep.evaluation.metrics import average_ranks
from sentrep.evaluation.result import EXAMPLES, Example, Score, fingerprint
from sentrep.evaluation.task import Embeds, Model, Task, unit
from sentrep.evaluation.tsv import MissingSplit, header, of_split, read_table

_HEADER = ["score", "sentence1", "sentence2"]


class Pair(NamedTuple):
    """Two sentences and how similar they are, on whatever scale."""

    score: float
    first: str
    second: str


class Similarity(Task):
    """Spearman's rank correlation x 100 of cosine and human score.

    With several subsets there are three conventions, several points apart, and each is a metric of its own: "all" pools the
    pairs of all subsets (the convention of SimCSE and of most papers since), "mean" averages the subsets' correlations, and
    "weighted mean" does so by their sizes (SentEval). Each subset's own correlation follows.
    """

    needs = (Embeds,)

    def __init__(self, name: str, subsets: Mapping[str, Sequence[Pair]], *, split: str = "test") -> None:
        self.name, self.split = name, split
        self.subsets = {subset: list(pairs) for subset, pairs in subsets.items()}
        for subset, pairs in self.subsets.items():
            if len(pairs) < 2:
                raise ValueError(f"{name}: subset {subset!r} has {len(pairs)} pairs; a correlation needs 2 or more")
        self.protocol = "similarity: Spearman x 100 of cosine and score, equal values at their average rank"
        parts = (f"{pair.score:g}\t{pair.first}\t{pair.second}" for pairs in self.subsets.values() for pair in pairs)
        self.data = fingerprint([*(f"{subset}\t{len(pairs)}" for subset, pairs in self.subsets.items()), *parts])

    def run(self, model: Model) -> list[Score]:
        """Items are (cosine, score, number of the subset)."""
        if not isinstance(model.does, Embeds):
            raise TypeError(f"{model.name} does not embed")
        pairs = [pair for subset in self.subsets.values() for pair in subset]
        texts = list(dict.fromkeys(text for pair in pairs for text in (pair.first, pair.second)))
        row = {text: number for number, text in enumerate(texts)}
        vectors = unit(model.does, texts)
        first, second = vectors[[row[pair.first] for pair in pairs]], vectors[[row[pair.second] for pair in pairs]]
        cosines = np.einsum("pw,pw->p", first, second, dtype=np.float64)
        # Cosines that differ only in their last digits are equal: a collapsed model must not be ranked by its rounding.
        cosines = np.round(cosines, 6)
        subset = np.repeat(np.arange(len(self.subsets)), [len(each) for each in self.subsets.values()])
        items = np.stack([cosines, np.array([pair.score for pair in pairs]), subset], axis=1)
        examples = _worst(pairs, cosines)
        if len(self.subsets) == 1:
            return [Score("Spearman", items, "spearman", examples=examples)]
        return [
            Score("Spearman (all)", items, "spearman", examples=examples),
            Score("Spearman (mean)", items, "spearman-mean"),
            Score("Spearman (weighted mean)", items, "spearman-weighted"),
            *(Score(f"Spearman {name}", items[subset == number], "spearman") for number, name in enumerate(self.subsets)),
        ]


def _worst(pairs: Sequence[Pair], cosines: NDArray[np.float64]) -> list[Example]:
    """Pairs that stand furthest from their place when all are put in order; scored by how far, in percent of the order."""
    wanted, got = (100 * average_ranks(values) / len(pairs) for values in (np.array([pair.score for pair in pairs]), cosines))
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
    return bool(_tables(path))


def read_similarity(path: str | Path, *, name: str = "", split: str | None = None) -> list[Similarity]:
    """One task from a .tsv file, or from a folder of them, each with the header score, sentence1, sentence2, and no quoting.

    Files named test.tsv or NAME.test.tsv are of the test split, and likewise dev and train; NAME is the subset. Without
    `split`, test is taken where there is one, otherwise every file.

    Raises `InputError`, with file and line, for wrong columns, scores that are no numbers, and empty sentences.
    """
    path = Path(path)
    tables = _tables(path)
    if not tables:
        raise InputError(f"{path}: no table with the header {', '.join(_HEADER)} (.tsv, tabs between columns)")
    splits = {file: of_split(file) for file in tables}
    if path.is_dir() and split is None and "test" in splits.values():
        split = "test"
    chosen = [file for file in tables if split is None or splits[file] == split]
    if not chosen:
        raise MissingSplit(f"{path}: no file of split {split!r}; there are: {', '.join(file.name for file in tables)}")
    name = name or (path.resolve().name if path.is_dir() else path.name.removesuffix(".tsv"))
    subsets = {_subset(file): _read(file) for file in chosen}
    if len(subsets) < len(chosen):
        subsets = {file.stem: _read(file) for file in chosen}
    return [Similarity(name, subsets, split=split or (splits[chosen[0]] if len(chosen) == 1 else "all"))]


def _read(file: Path) -> list[Pair]:
    pairs = []
    for number, (written, first, second) in read_table(file, _HEADER):
        try:
            score = float(written)
        except ValueError as error:
            raise InputError(f"{file}:{number}: score {written!r} is not a number") from error
        if not math.isfinite(score):
            raise InputError(f"{file}:{number}: score {written!r} is not a finite number")
        pairs.append(Pair(score, first, second))
    if len(pairs) < 2:
        raise InputError(f"{file}: {len(pairs)} pairs; a correlation needs 2 or more")
    return pairs


def _tables(path: Path) -> list[Path]:
    """Files with our header; a folder may hold other tables beside them."""
    files = sorted(path.glob("*.tsv")) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and file.suffix == ".tsv" and header(file) == _HEADER]


def _subset(file: Path) -> str:
    return file.stem.rpartition(".")[0] if of_split(file) != "all" else file.stem
