"""Reader of texts with labels, from tables and JSON lines, for clustering and topic retrieval."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sentrep.data.reading.lines import read_lines
from sentrep.evaluation.datasets.tsv import belongs, called, of_one_split, of_split, read_table, stem
from sentrep.evaluation.result import fingerprint
from sentrep.utils.errors import InputError, at


@dataclass(frozen=True)
class Labelled:
    """Distinct texts, each with a label.

    Raises:
        ValueError: the numbers of texts and labels differ.
        InputError: there is only one label, or as many labels as texts.

    >>> Labelled("pets", ("a cat", "a dog", "a kitten"), ("cat", "dog", "cat")).split
    'test'
    """

    name: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    """(text,)"""
    split: str = "test"
    note: str = ""
    """How the texts were sampled; part of the protocol."""

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.labels):
            raise ValueError(f"{self.name}: {len(self.texts)} texts and {len(self.labels)} labels")
        if not 1 < len(set(self.labels)) < len(self.texts):
            raise InputError(
                f"{self.name}: {len(self.texts)} different texts with {len(set(self.labels))} labels; "
                "needs two labels or more, and more texts than labels"
            )

    @property
    def fingerprint(self) -> str:
        """Hash of texts and labels."""
        return fingerprint([*self.texts, "labels", *self.labels])


def read_labelled(
    path: str | Path,
    kind: str,
    *,
    name: str = "",
    split: str | None = None,
    label_field: str = "label",
    text_field: str = "text",
    sample: int = 4000,
) -> list[Labelled]:
    """The labelled texts of a file, or of each file of a folder.

    Files are .tsv without quoting, or .jsonl or .jsonl.gz with one object per line. Files named test.tsv or
    NAME.test.tsv belong to the test split; dev and train likewise. A repeated text is read once, with its
    first label.

    Args:
        path: file or folder.
        kind: of task; appended to the name of the folder, because one folder may serve several tasks.
        name: of the task in tables; made from folder and kind if empty.
        split: test if None, or all files where there is no test split.
        label_field: name of the column or field with the label.
        text_field: name of the column or field with the text.
        sample: at most as many texts, always the same ones.

    Raises:
        InputError: wrong columns or fields, an empty text, or labels that are all equal or all different;
            names file and line.
        MissingSplit: there is no such split.
    """
    if sample < 2:
        raise InputError(f"sample = {sample}; needs two texts or more", setting="sample")
    path, fields = Path(path), (label_field, text_field)
    files = [path] if path.is_file() else [file for file in sorted(path.glob("*")) if _readable(file, fields)]
    if not files:
        raise InputError(
            f"{at(path)}: no texts with labels; expected a .tsv with columns {label_field} and "
            f"{text_field}, or a .jsonl or .jsonl.gz"
        )
    splits = {file: of_split(file) for file in files}
    chosen = of_one_split(path, splits, split)
    name = name or f"{called(path)}: {kind}"
    found = []
    for file in chosen:
        labels: dict[str, str] = {}
        for label, text in _labelled(file, fields):
            labels.setdefault(text, label)
        full = f"{name}: {stem(file)}" if len(chosen) > 1 else name
        found.append(_drawn(full, splits[file], labels, sample, file))
    return found


def _drawn(name: str, split: str, labels: dict[str, str], sample: int, file: Path) -> Labelled:
    texts, note = list(labels), ""
    if len(texts) > sample:
        places = np.sort(np.random.default_rng(0).choice(len(texts), size=sample, replace=False))
        texts, note = [texts[at] for at in places], f"{sample} of {len(texts)} texts, drawn evenly"
    try:
        return Labelled(name, tuple(texts), tuple(labels[text] for text in texts), split, note)
    except InputError as error:
        raise InputError(f"{at(file)}: {error}") from error


def _readable(file: Path, fields: tuple[str, str]) -> bool:
    """Whether a file is JSON lines, or one of `tsv.tables`."""
    return file.name.endswith((".jsonl", ".jsonl.gz")) or belongs(file, fields)


def _labelled(file: Path, fields: tuple[str, str]) -> Iterator[tuple[str, str]]:
    """Labels and texts."""
    if file.suffix == ".tsv":
        yield from ((label, text) for _, (label, text) in read_table(file, fields))
        return
    for number, line in read_lines(file):
        yield _record(line, f"{file}:{number}", fields)


def _record(line: str, where: str, fields: tuple[str, str]) -> tuple[str, str]:
    label_field, text_field = fields
    try:
        record = json.loads(line)
        given, text = record[label_field], " ".join(record[text_field].split())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f'{at(where)}: expected a JSON object with "{label_field}" and "{text_field}" '
            f"({type(error).__name__}: {error})"
        ) from error
    if not isinstance(given, str | int | float) or given != given:  # null, a list, NaN
        raise InputError(
            f"{at(where)}: expected a text or a number in {label_field!r}, got {repr(given)[:100]}"
        )
    label = str(given).strip()
    if not label or not text:
        raise InputError(f"{at(where)}: nothing in {(text_field if label else label_field)!r}")
    return label, text
