"""Models of the tables of own_documents.py, their statistics, and the tables."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.data.analysis import Analysis
from sentrep.encoders.serialization import Encoder, content_hash
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import bm25, fused
from sentrep.evaluation.result import Result, fingerprint
from sentrep.evaluation.result_store import ResultStore, read_items
from sentrep.evaluation.statistics.compare import holm
from sentrep.evaluation.statistics.permutation import Difference, difference
from sentrep.evaluation.task import Model, Task, evaluate
from sentrep.inference.loading import encoding, opened
from sentrep.inference.names import locate
from sentrep.search.fusion import USUAL, Fusion
from sentrep.utils.capabilities import Vectors

METRIC = "nDCG@10"
BM25 = "BM25"
FUSED, RANKS = "+ BM25", "+ BM25 by reciprocal ranks"

Items = dict[str, NDArray[np.float64]]
"""Task -> (query,) scores of one model."""


class Kept:
    """An encoder whose vectors are kept on disk, one file for each list of texts.

    Args:
        encoder: gives the vectors.
        folder: where they are kept.
    """

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        self.hash, self._encode, self._folder = content_hash(encoder), encoding(encoder), folder
        folder.mkdir(parents=True, exist_ok=True)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (text, width)."""
        file = self._folder / f"{fingerprint([self.hash, *texts])}.npy"
        if not file.exists():
            np.save(file, self._encode(list(texts)), allow_pickle=False)
        vectors: Vectors = np.load(file, allow_pickle=False)
        return vectors


@dataclass(frozen=True)
class Teacher:
    """A public model, in bfloat16: 1.7 times as fast here, mean cosine to float32 .9999."""

    name: str
    vectors: Kept

    @classmethod
    def open(cls, model: str, folder: Path) -> Teacher:
        """The model of a name or path; its vectors are kept in `folder`."""
        located = locate(model)
        encoder = opened(located.path).bfloat16()
        return cls(located.name, Kept(encoder, folder))

    @property
    def model(self) -> Model:
        """The teacher as a row of the table."""
        return Model(self.name, f"{self.vectors.hash} bfloat16", self.vectors, self.name)


def lexical(language: str) -> Model:
    """BM25 with the stemmer of a language."""
    return replace(bm25(Analysis(language), label=BM25), name=BM25)


def with_fusions(vectors: Model, words: Model, fusion: Fusion = USUAL) -> list[Model]:
    """A model that embeds, and its two fusions with BM25: of scores, as search does it, and of ranks."""
    return [
        vectors,
        replace(hybrid(vectors, words, fusion), name=f"{vectors.name} {FUSED}"),
        replace(fused(vectors, words), name=f"{vectors.name} {RANKS}"),
    ]


def scores(model: Model, tasks: Sequence[Task], file: Path) -> Items:
    """The metric of every query, task by task.

    Raises:
        RuntimeError: a task failed.
    """
    began = time.process_time()
    done = evaluate(model, tasks, ResultStore(file))
    if done.failed:
        raise RuntimeError(f"{model.name}: {done.failed[0].task}: {done.failed[0].reason}")
    results: list[Result] = [result for result in done.results if result.metric == METRIC]
    values = ", ".join(f"{100 * result.value:.1f}" for result in results)
    print(f"{model.name}: {values} ({time.process_time() - began:.0f} s of processor time)", flush=True)
    return {result.task: read_items(result) for result in results}


@dataclass(frozen=True)
class Table:
    """Models side by side: per-query scores of each column, and paired tests."""

    items: dict[str, dict[str, NDArray[np.float64]]]
    """Model -> column -> (query,) scores in [0, 1]."""

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(column for items in self.items.values() for column in items))

    def value(self, model: str, column: str) -> float | None:
        found = self.items[model].get(column)
        return None if found is None else 100 * float(found.mean())

    def mean(self, model: str, columns: Sequence[str] | None = None) -> float:
        """Of the columns that the model has."""
        values = [self.value(model, column) for column in columns or self.columns]
        return float(np.mean([value for value in values if value is not None]))

    def markdown(self) -> str:
        """Models as rows; a dash where a column was not measured."""
        lines = [f"| {METRIC} x 100 | {' | '.join(self.columns)} | mean |"]
        lines.append("|---|" + "---|" * (len(self.columns) + 1))
        for model in self.items:
            cells = [self.value(model, column) for column in self.columns]
            shown = " | ".join("–" if cell is None else f"{cell:.1f}" for cell in cells)
            lines.append(f"| {model} | {shown} | {self.mean(model):.1f} |")
        return "\n".join(lines)

    def tests(self, pairs: Sequence[tuple[str, str]]) -> str:
        """Differences of pairs of models: on the mean of their common columns, with an interval, and the
        number of columns won and lost significantly. All p-values are corrected together (Holm)."""
        found = [self._difference(first, second) for first, second in pairs]
        corrected = holm([each.p for each in found])
        singles = {pair: self._singles(*pair) for pair in pairs}
        every = iter(holm([p for tests in singles.values() for _, p in tests]))
        lines = ["| difference | mean | 95 % interval | p (Holm) | columns won / lost / undecided |"]
        lines.append("|---|---|---|---|---|")
        for (first, second), each, p in zip(pairs, found, corrected, strict=True):
            signs = [sign if next(every) < 0.05 else 0 for sign, _ in singles[first, second]]
            count = f"{signs.count(1)} / {signs.count(-1)} / {signs.count(0)}"
            interval = f"{100 * each.low:+.1f} to {100 * each.high:+.1f}"
            shown = "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0")
            lines.append(f"| {first} − {second} | {100 * each.value:+.1f} | {interval} | {shown} | {count} |")
        return "\n".join(lines)

    def record(self) -> dict[str, dict[str, float]]:
        """Values by model and column, for a JSON file."""
        return {
            model: {column: round(100 * float(each.mean()), 3) for column, each in items.items()}
            for model, items in self.items.items()
        }

    def _common(self, first: str, second: str) -> list[str]:
        return [column for column in self.items[first] if column in self.items[second]]

    def _difference(self, first: str, second: str) -> Difference:
        columns = self._common(first, second)
        return difference([weighted(self.items[first], columns)], [weighted(self.items[second], columns)])

    def _singles(self, first: str, second: str) -> list[tuple[int, float]]:
        """For each common column the sign of the difference and its p-value."""
        tests = [
            difference([self.items[first][column]], [self.items[second][column]])
            for column in self._common(first, second)
        ]
        return [(1 if test.value > 0 else -1, test.p) for test in tests]


def weighted(items: Items, columns: Sequence[str]) -> NDArray[np.float64]:
    """Scores of all queries, weighted so that their mean is the mean of the columns.

    >>> weighted({"a": np.ones(1), "b": np.zeros(3)}, ["a", "b"]).mean().item()
    0.5
    """
    chosen = [items[column] for column in columns]
    total = sum(map(len, chosen))
    return np.concatenate([each * (total / (len(chosen) * len(each))) for each in chosen])


def written(texts: Sequence[str], file: Path) -> Path:
    """Texts as JSON lines, a document each."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"id": str(at), "text": text}, ensure_ascii=False) for at, text in enumerate(texts))
    file.write_text("".join(line + "\n" for line in lines), encoding="utf-8", errors="replace")
    return file
