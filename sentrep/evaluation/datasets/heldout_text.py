"""Held-out text in files and folders, for the questions of `label_free`."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.task import Task
from sentrep.evaluation.tasks.label_free import label_free
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    from sentrep.data.reading.document import Source

_ENDS = re.compile(r"(?:^|[._-])(train|dev|valid|validation|test|held-?out)(?:[._-]?\d+)?$")
"""The part of a corpus that a file's name, without what says its format, ends in."""

_OTHER_WORDS = {"heldout": "test", "held-out": "test", "valid": "dev", "validation": "dev"}


def read_label_free(
    path: Path,
    *,
    name: str = "",
    split: str | None = None,
    split_field: str = "",
    queries: int = 1000,
    candidates: int = 3000,
    seed: int = 0,
    text_field: str = "text",
    title_field: str = "title",
    approximate: bool = False,
    report: ReadReport | None = None,
) -> list[Task]:
    """Questions that text asks of itself: next sentence, inverse cloze, title to body, same document (see
    `label_free`).

    Any file or folder that training reads will do, in any language; models that are compared must not have
    been trained on it.

    `name`: in tables; the file's or folder's own, if empty. `queries`, `candidates`: at most so many of each,
    drawn by `seed`. `text_field`, `title_field`: where a record keeps them. `approximate`: as in
    `read_retrieval`. `split`: which part of a folder is held out, by its files' names: test.txt and
    heldout.jsonl.gz are of the test part, dev.txt and valid.txt of the dev part, train-00.jsonl of the
    training part. If it is not given, the test part is taken where there is one, and otherwise all there is
    but a README; a file that is named itself is then taken whatever it is called. `split_field`: the field in
    which each record of JSON lines says its part itself; names then say nothing.

    `report` counts what was read and skipped.

    Raises `MissingSplit` where there is no such part, `InputError` where there is too little text, or none
    that can be read."""
    from sentrep.data.store.store import read_documents

    path = Path(path)
    report = ReadReport() if report is None else report
    read = ReadReport()
    with tempfile.TemporaryDirectory() as scratch:
        sources = _sources(path, Path(scratch), report)
        if split_field:
            part = _part(split or "test")
            files = [_records(path, sources, split_field, part, Path(scratch, "records.jsonl"), report)]
        else:
            part, files = _named(path, [source.path for source in sources], split)
        corpus = CorpusConfig(
            tuple(map(str, files)), text_field=text_field, title_field=title_field, offline=True
        )
        tasks: list[Task] = []
        tasks += label_free(
            read_documents(corpus, report=read),
            name or _name(path),
            queries=queries,
            candidates=candidates,
            seed=seed,
            split=part,
            approximate=approximate,
        )
        report.merge(read.renamed(str(files[0]), str(path)) if split_field else read)
    return tasks


def _sources(path: Path, scratch: Path, report: ReadReport) -> list[Source]:
    """The files that the text reader finds."""
    from sentrep.data.reading.formats import FORMATS
    from sentrep.data.reading.source import gather

    found = gather(CorpusConfig((str(path),), offline=True), scratch, report)
    chosen = [source for source in found if source.named or source.path.stem.lower() != "readme"]
    if not chosen:
        raise InputError(f"{path}: no text in it; read are {' '.join(FORMATS)}, each also as .gz or .zst")
    return chosen


def _named(path: Path, files: Sequence[Path], split: str | None) -> tuple[str, list[Path]]:
    """The part that is held out and its files, by their names."""
    parts = [_part_of(file) for file in files]
    if split is None and (path.is_file() or "test" not in parts):
        return parts[0] if len(set(parts)) == 1 else "all", list(files)
    wanted = _part(split or "test")
    chosen = [file for file, part in zip(files, parts, strict=True) if part == wanted]
    if not chosen:
        known = ", ".join(file.name for file in files[:10])
        raise MissingSplit(f"{path}: no file of split {wanted!r}, such as {wanted}.txt; there are: {known}")
    return wanted, chosen


def _records(
    path: Path, sources: Sequence[Source], field: str, part: str, copy: Path, report: ReadReport
) -> Path:
    """The records of one part, copied; a blank line stands for each of the others, so that lines keep their
    numbers. Lines that cannot be read are copied as well: they are counted when the copy is read."""
    from sentrep.data.reading.decode import decode, lines, unpack
    from sentrep.data.reading.document import LIMIT

    known: set[str] = set()
    with copy.open("w", encoding="utf-8") as out:
        for source in sources:
            if source.format != "jsonl":
                continue
            for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LIMIT):
                value = _field(line.text or "", field)
                known.add(value or "")
                kept = value is None or (value and _part(value) == part)
                out.write(f"{line.text if kept else ''}\n")
    if part not in map(_part, known):
        there = ", ".join(sorted(known - {""})[:10]) or "no such field, or no JSON lines"
        raise MissingSplit(f"{path}: no record of split {part!r} by its field {field!r}; there are: {there}")
    return copy


def _field(line: str, field: str) -> str | None:
    """A field of a record; empty if it has none, None if the line is no record."""
    if not line.strip():
        return ""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return str(record.get(field, "")) if isinstance(record, dict) else ""


def _part_of(file: Path) -> str:
    """The part that a file's name says, or "all"."""
    name = file.name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")[0]
    found = _ENDS.search(name)
    return _part(found[1]) if found else "all"


def _part(word: str) -> str:
    return _OTHER_WORDS.get(word.lower(), word.lower())


def _name(path: Path) -> str:
    """A folder's name; of a file its own, unless that says no more than a part."""
    path = path.resolve()
    own = path.name.split(".")[0] if path.is_file() else path.name
    return path.parent.name if path.is_file() and _ENDS.fullmatch(own.lower()) else own
