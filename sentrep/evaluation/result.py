"""One record for every score, and the file that keeps them: append-only, cached by content, readable wherever JSON is."""

from __future__ import annotations

import hashlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.errors import InputError

# Raised by hand whenever a change of code could change a score; old scores are then computed anew, never reused.
EVALUATION_VERSION = 1


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
    higher_is_better: bool
    count: int
    """Items: queries, pairs, sentences."""
    aggregate: str
    """How the items become the value: a key of `resampling.AGGREGATES`."""
    items: str
    """File of the per-item scores (.npy); empty where none were kept. Relative to the results file on disk, absolute in memory."""
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
    key: str
    """Model, data, protocol and version of the evaluation in one hash: the name under which a score is found again."""
    siblings: int
    """How many results share the key. Fewer on disk means that writing was interrupted, and that the task is to be run again."""


class ResultStore:
    """A JSON-lines file of results, with the per-item scores beside it in `items/`.

    A record is one line. Lines are only ever appended, and an unfinished last line (a full disk, a kill) is closed off before
    the next one is written, so that nothing already there can be damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.is_dir():
            raise InputError(f"{self.path} is a folder; results are kept in a file: give {self.path / 'results.jsonl'}")

    def add(self, results: Sequence[Result], items: Sequence[NDArray[np.floating[Any]]]) -> list[Result]:
        """Keep the results of one task together with their per-item scores, and return them with `items` filled in."""
        folder = self.path.parent / "items"
        folder.mkdir(parents=True, exist_ok=True)
        kept = []
        for result, scores in zip(results, items, strict=True):
            file = folder / f"{result.key}-{re.sub(r'[^A-Za-z0-9@.]+', '-', result.metric)}.npy"
            _write_aside(file, scores)
            kept.append(replace(result, items=str(file)))
        relative = [replace(result, items=os.path.relpath(result.items, self.path.parent)) for result in kept]
        self._append("".join(json.dumps(asdict(result), ensure_ascii=False) + "\n" for result in relative))
        return kept

    def find(self, key: str) -> list[Result]:
        """All results under a key, or none if there are none, if some are missing, or if their per-item scores are gone."""
        found = {result.metric: result for result in self.read() if result.key == key}
        results = list(found.values())
        complete = bool(results) and all(len(results) == result.siblings for result in results)
        return results if complete and all(Path(result.items).is_file() for result in results) else []

    def read(self) -> list[Result]:
        """Every readable record, in order of writing; others are counted in a warning."""
        return read_results(self.path) if self.path.exists() else []

    def _append(self, text: str) -> None:
        with self.path.open("ab+") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                text = text if file.read(1) == b"\n" else "\n" + text
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())


def read_results(path: str | Path) -> list[Result]:
    """The records of a results file; `items` become paths that can be opened from anywhere.

    Raises `InputError` if the file is absent, or holds no result at all although it is not empty.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such results file; `sentrep eval` writes one")
    results, broken = [], []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            known = {field.name: record[field.name] for field in fields(Result)}
        except (ValueError, KeyError, TypeError):
            broken.append(number)
            continue
        known["items"] = str(path.parent.absolute() / known["items"]) if known["items"] else ""
        results.append(Result(**known))
    if broken and not results:
        raise InputError(f"{path}:{broken[0]}: not a result; expected the JSON lines that `sentrep eval` writes")
    if broken:
        warnings.warn(f"{path}: skipped {len(broken)} unreadable line(s), the first is line {broken[0]}", stacklevel=2)
    return results


def read_items(result: Result) -> NDArray[np.float64]:
    """The per-item scores of a result: (item,), or (item, column) where the aggregate is no mean."""
    if not result.items or not Path(result.items).is_file():
        raise InputError(
            f"{result.model} on {result.task}: no per-item scores {result.items or '(evaluated without a results file)'}; "
            "evaluate again with a results file"
        )
    items: NDArray[np.float64] = np.load(result.items, allow_pickle=False)
    return items


def fingerprint(parts: Iterable[str | bytes]) -> str:
    """Hash of a sequence of texts; each part counts with its length, so that ("ab", "c") differs from ("a", "bc").

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


def _write_aside(file: Path, scores: NDArray[np.floating[Any]]) -> None:
    aside = file.with_suffix(f".{os.getpid()}.tmp")
    with aside.open("wb") as out:
        np.save(out, scores, allow_pickle=False)
    aside.replace(file)
