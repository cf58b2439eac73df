"""The append-only JSON-lines file of results, which is also their cache, and the per-item scores."""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.result import Example, Result, Score
from sentrep.evaluation.statistics.bootstrap import AGGREGATES
from sentrep.utils.errors import InputError, ReadWarning, at
from sentrep.utils.files import whole

# Beginning of every record: a file with nothing but a part of it was truncated, and is not a foreign file.
_BEGINNING = b'{"task": '


_FILES = ("items", "examples")
"""Fields that name files beside the results."""


class ResultStore:
    """A JSON-lines file of results, with the per-item scores beside it in `items/`.

    A record is one line. Lines are only appended, and an incomplete last line (after a full disk or a kill)
    is terminated before the next one is written, so stored records cannot be damaged.

    Args:
        path: the file; it is created with the first results.

    Raises:
        InputError: the path is a folder or not writable, or the file has other content. Raised at once,
            before anything is measured.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise InputError(
                f"{at(self.path)} is a folder; results are kept in a file: give {self.path / 'results.jsonl'}"
            )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"{at(self.path)}: results cannot be stored there ({error}); give another file"
            ) from error
        if not os.access(self.path if self.path.exists() else self.path.parent, os.W_OK):
            raise InputError(f"{at(self.path)}: is not writable; give another file")
        self.read()

    def add(self, results: Sequence[Result], scores: Sequence[Score]) -> list[Result]:
        """Store the results of one task with their per-item scores and worst examples.

        Args:
            results: of one task.
            scores: of the same metrics in the same order.

        Returns:
            The results with the names of their files.
        """
        folder = self.path.parent / "items"
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        for result, score in zip(results, scores, strict=True):
            # Letters of all scripts are kept: labels of a Chinese treebank may differ in these alone.
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
        """All results with a key; empty if some of them or their per-item scores are missing."""
        found = {result.metric: result for result in self.read(key) if result.key == key}
        results = list(found.values())
        complete = bool(results) and all(len(results) == result.siblings for result in results)
        return results if complete and all(Path(result.items).is_file() for result in results) else []

    def read(self, holding: str = "") -> list[Result]:
        """All readable records in the order of writing; see `read_results`."""
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
    """The records of a results file, in the order of writing. Unreadable lines are counted in a warning.

    Args:
        path: the file.
        holding: only lines that contain this text are read.

    Returns:
        Results whose `items` and `examples` are absolute paths.

    Raises:
        InputError: the file does not exist, cannot be read, or has no record.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{at(path)}: no such results file; `sentrep eval` writes one")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{at(path)}: cannot be read ({error})") from error
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
            f"{at(path, broken[0])}: not a result; expected the JSON lines that `sentrep eval` writes"
        )
    if broken:
        warnings.warn(
            f"{path}: skipped {len(broken)} unreadable line(s), the first is line {broken[0]}",
            ReadWarning,
            stacklevel=2,
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
    """Raise TypeError or ValueError for a record that cannot be the output of an evaluation."""
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
    """The per-item scores of a result: (item,), or (item, column) if the aggregate is not the mean.

    Raises:
        InputError: there are none, or the file is damaged.
    """
    if not result.items or not Path(result.items).is_file():
        raise InputError(
            f"{result.model} on {result.task}: no per-item scores "
            f"{result.items or '(evaluated without a results file)'}; "
            "evaluate again with a results file",
            setting="results",
        )
    try:
        items: NDArray[np.float64] = np.load(result.items, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{at(result.items)}: damaged ({error}); evaluate again") from error
    if len(items) != result.count:
        raise InputError(
            f"{at(result.items)} has {len(items)} scores, the result {result.count}; evaluate again"
        )
    return items


def read_examples(result: Result) -> list[Example]:
    """The worst items of a result, the worst first; empty if the task has none."""
    if not result.examples or not Path(result.examples).is_file():
        return []
    return [Example(*each) for each in json.loads(Path(result.examples).read_text(encoding="utf-8"))]


def _moved(result: Result, how: Callable[[str], str]) -> dict[str, Any]:
    """The fields with names of files, each changed by a function."""
    return {name: how(file) for name in _FILES if (file := getattr(result, name))}
