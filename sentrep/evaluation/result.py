"""One record for every score, and the file that keeps them: append-only, cached by content, readable wherever
JSON is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.statistics.bootstrap import AGGREGATES
from sentrep.utils.errors import InputError
from sentrep.utils.files import whole

# Raised by hand whenever a change of code could change a score; old scores are then computed anew, never
# reused.
EVALUATION_VERSION = 3

EXAMPLES = 20
"""Worst items that a task tells of."""

# How every record of ours begins: a line that is nothing but the beginning of one was cut off, and is no
# foreign file.
_BEGINNING = b'{"task": '

_FILES = ("items", "examples")
"""Fields that name files beside the results."""


class Example(NamedTuple):
    """One item that a model got wrong, in words, for whoever wants to know what a score hides."""

    question: str
    wanted: str
    got: str
    score: float
    """The item's own score, or how wrong it is where an item has none; the meaning is the task's."""


class Score(NamedTuple):
    """One metric of a task, item by item."""

    metric: str
    items: NDArray[np.float64]
    """(item,), or (item, column) for aggregates that need more than one number an item."""
    aggregate: str = "mean"
    higher_is_better: bool | None = True
    """None where neither side is better: such a metric describes, and nobody beats anybody by it."""
    examples: Sequence[Example] = ()
    """The worst items, worst first, `EXAMPLES` at most; on the first of a task's scores only."""
    alarm: str = ""
    """What is wrong with the model, whatever it scores; empty if nothing is."""


@dataclass(frozen=True)
class Result:
    """A score: of which model, on which data, measured how, and how sure."""

    task: str
    split: str
    metric: str
    value: float
    low: float
    """Lower end of the 95 % bootstrap interval over items."""
    high: float
    higher_is_better: bool | None
    """None of a metric that describes and does not judge."""
    count: int
    """Items: queries, pairs, sentences."""
    aggregate: str
    """How the items become the value: a key of `resampling.AGGREGATES`."""
    items: str
    """File of the per-item scores (.npy); empty where none were kept. Relative to the results file on disk,
    absolute in memory."""
    model: str
    model_hash: str
    """Hash of what the model consists of (weights, tokenizer), so that a retrained model is another model."""
    method: str
    seed: int | None
    data: str
    """Fingerprint of the data, byte for byte."""
    protocol: str
    """Everything about the measuring that could change the value, in words."""
    versions: dict[str, str]
    seconds: float
    """Wall-clock time of the whole task, embedding included."""
    embedding_seconds: float
    """Of these, spent in the model turning texts into vectors; 0 for a model that ranks without."""
    alarm: str
    """What is wrong with the model's vectors or trees on this task's texts, such as a collapse; empty if
    nothing is."""
    examples: str
    """File of the worst items in words (.json), like `items`; empty where the task tells of none."""
    key: str
    """Model, data, protocol and version of the evaluation in one hash: the name under which a score is found
    again."""
    siblings: int
    """How many results share the key. Fewer on disk means that writing was interrupted, and that the task is
    to be run again."""
    truncation: str = ""
    """How many texts the model did not read to their end, and which share of their tokens; empty if it read
    all, or if that is not known."""


class ResultStore:
    """A JSON-lines file of results, with the per-item scores beside it in `items/`.

    A record is one line. Lines are only ever appended, and an unfinished last line (a full disk, a kill) is
    closed off before the next one is written, so that nothing already there can be damaged.

    Raises `InputError` at once, and not after hours of measuring, where nothing can be written, for a folder,
    and for a file that holds something else."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise InputError(
                f"{self.path} is a folder; results are kept in a file: give {self.path / 'results.jsonl'}"
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{self.path}: no results can be kept there ({error}); give another file"
            ) from error
        if not os.access(self.path if self.path.exists() else self.path.parent, os.W_OK):
            raise InputError(f"{self.path}: may not be written; give another file")
        self.read()

    def add(self, results: Sequence[Result], scores: Sequence[Score]) -> list[Result]:
        """Keep the results of one task, their per-item scores and worst examples; returns them with these
        files filled in."""
        folder = self.path.parent / "items"
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        for result, score in zip(results, scores, strict=True):
            # Letters of any script stay: labels of a Chinese treebank may differ in these alone.
            metric = re.sub(r"[^\w@.]+", "-", result.metric)
            stem = folder / f"{result.key}-{metric}"
            items, examples = stem.with_name(f"{stem.name}.npy"), stem.with_name(f"{stem.name}.json")
            with whole(items) as out:
                np.save(out, score.items, allow_pickle=False)
            if score.examples:
                with whole(examples) as out:
                    out.write(
                        json.dumps([list(each) for each in score.examples], ensure_ascii=False).encode(
                            "utf-8", "replace"
                        )
                    )
            kept.append(replace(result, items=str(items), examples=str(examples) if score.examples else ""))
        records = [
            asdict(result) | _moved(result, lambda file: os.path.relpath(file, self.path.parent))
            for result in kept
        ]
        self._append("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
        return kept

    def find(self, key: str) -> list[Result]:
        """All results under a key, or none if there are none, if some are missing, or if their per-item
        scores are gone."""
        found = {result.metric: result for result in self.read(key) if result.key == key}
        results = list(found.values())
        complete = bool(results) and all(len(results) == result.siblings for result in results)
        return results if complete and all(Path(result.items).is_file() for result in results) else []

    def read(self, holding: str = "") -> list[Result]:
        """Every readable record, in order of writing; others are counted in a warning. `holding`: only lines
        with this in them."""
        return read_results(self.path, holding) if self.path.exists() else []

    def _append(self, text: str) -> None:
        with self.path.open("ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                text = text if file.read(1) == b"\n" else "\n" + text
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def read_results(path: str | Path, holding: str = "") -> list[Result]:
    """The records of a results file; `items` become paths that can be opened from anywhere.

    `holding`: only lines that have this in them are looked at. Raises `InputError` if the file is absent, or
    begins with a line that is no record and holds none."""
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such results file; `sentrep eval` writes one")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error})") from error
    lines = [
        line
        for line in enumerate(content.splitlines(), start=1)
        if line[1].strip() and holding.encode() in line[1]
    ]
    results, broken = [], []
    for number, line in lines:
        try:
            record = json.loads(line)
            result = _result(record)
            results.append(replace(result, **_moved(result, lambda file: str(path.parent.absolute() / file))))
        except (ValueError, KeyError, TypeError):
            broken.append(number)
    if broken and not results and not _BEGINNING.startswith(lines[0][1][: len(_BEGINNING)]):
        raise InputError(
            f"{path}:{broken[0]}: not a result; expected the JSON lines that `sentrep eval` writes"
        )
    if broken:
        warnings.warn(
            f"{path}: skipped {len(broken)} unreadable line(s), the first is line {broken[0]}", stacklevel=2
        )
    return results


def _result(record: dict[str, Any]) -> Result:
    given = {field.name: record[field.name] for field in fields(Result) if field.name != "truncation"}
    result = Result(**given, truncation=record.get("truncation", ""))
    _check_types(result)
    return result


_TYPES = {
    "str": str,
    "float": int | float,
    "int": int,
    "bool | None": bool | None,
    "int | None": int | None,
    "dict[str, str]": dict,
}


def _check_types(result: Result) -> None:
    """Raise TypeError or ValueError for a record that no evaluation can have written."""
    for field in fields(Result):
        value = getattr(result, field.name)
        if not isinstance(value, _TYPES[str(field.type)]):
            raise TypeError(f"{field.name} is {value!r}")
        if isinstance(value, str):
            value.encode()
    if result.aggregate not in AGGREGATES:
        raise ValueError(f"aggregate is {result.aggregate!r}")
    if any(".." in Path(getattr(result, name)).parts for name in _FILES):
        raise ValueError("a file lies outside of the folder of the results")


def read_items(result: Result) -> NDArray[np.float64]:
    """The per-item scores of a result: (item,), or (item, column) where the aggregate is no mean."""
    if not result.items or not Path(result.items).is_file():
        raise InputError(
            f"{result.model} on {result.task}: no per-item scores "
            f"{result.items or '(evaluated without a results file)'}; "
            "evaluate again with a results file"
        )
    try:
        items: NDArray[np.float64] = np.load(result.items, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{result.items}: damaged ({error}); evaluate again") from error
    if len(items) != result.count:
        raise InputError(f"{result.items} has {len(items)} scores, the result {result.count}; evaluate again")
    return items


def read_examples(result: Result) -> list[Example]:
    """The worst items of a result in words, worst first; none where the task tells of none."""
    if not result.examples or not Path(result.examples).is_file():
        return []
    return [Example(*each) for each in json.loads(Path(result.examples).read_text(encoding="utf-8"))]


def fingerprint(parts: Iterable[str | bytes]) -> str:
    """Hash of a sequence of texts; each part counts with its length, so that ("ab", "c") differs from ("a",
    "bc").

    >>> fingerprint(["ab", "c"]) == fingerprint(["a", "bc"])
    False
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:32]


@cache
def versions() -> dict[str, str]:
    """Versions of what could move a score in its last digits."""
    found = {"evaluation": str(EVALUATION_VERSION)}
    for package in ("sentrep", "numpy", "torch", "sentence-transformers", "faiss-cpu", "bm25s"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _moved(result: Result, how: Callable[[str], str]) -> dict[str, Any]:
    """The fields that name files, each renamed."""
    return {name: how(file) for name in _FILES if (file := getattr(result, name))}
