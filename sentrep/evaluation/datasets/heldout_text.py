"""Reader of held-out text in files and folders, for the tasks of `label_free`."""

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
from sentrep.utils.errors import InputError, at

if TYPE_CHECKING:
    from sentrep.data.reading.document import Source

_ENDS = re.compile(r"(?:^|[._-])(train|dev|valid|validation|test|held-?out)(?:[._-]?\d+)?$")
"""The part of a corpus at the end of a file name without its suffix."""

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
    """Retrieval tasks made from text without labels: next sentence, inverse cloze, title to body, same
    document (see `label_free`).

    The text may be any file or folder that training can read, in any language. The compared models must not
    have been trained on it.

    Args:
        path: file or folder.
        name: of the tasks in tables; the name of the file or folder if empty.
        split: part of a folder, found by file names: test.txt and heldout.jsonl.gz belong to test, dev.txt
            and valid.txt to dev, train-00.jsonl to train. If None: test where there is one, otherwise all
            files except a README. A path of a single file is then read whatever its name is.
        split_field: field of JSON records that names their part; file names are then ignored.
        queries: at most as many queries per task.
        candidates: at most as many documents per task.
        seed: of the sample.
        text_field: field of records with the text.
        title_field: field of records with the title.
        approximate: as in `read_retrieval`.
        report: counts what was read and skipped.

    Raises:
        MissingSplit: there is no such part.
        InputError: there is no text that can be read, or too little of it.
    """
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
        raise InputError(f"{at(path)}: no text in it; read are {' '.join(FORMATS)}, each also as .gz or .zst")
    return chosen


def _named(path: Path, files: Sequence[Path], split: str | None) -> tuple[str, list[Path]]:
    """The held-out part and its files, found by their names."""
    parts = [_part_of(file) for file in files]
    if split is None and (path.is_file() or "test" not in parts):
        return parts[0] if len(set(parts)) == 1 else "all", list(files)
    wanted = _part(split or "test")
    chosen = [file for file, part in zip(files, parts, strict=True) if part == wanted]
    if not chosen:
        known = ", ".join(file.name for file in files[:10])
        raise MissingSplit(
            f"{at(path)}: no file of split {wanted!r}, such as {wanted}.txt; there are: {known}"
        )
    return wanted, chosen


def _records(
    path: Path, sources: Sequence[Source], field: str, part: str, copy: Path, report: ReadReport
) -> Path:
    """A copy of the records of one part, with an empty line for each other record so that line numbers stay
    the same. Malformed lines are copied too, and counted when the copy is read."""
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
        raise MissingSplit(
            f"{at(path)}: no record of split {part!r} by its field {field!r}; there are: {there}"
        )
    return copy


def _field(line: str, field: str) -> str | None:
    """The value of a field of a record; empty if the record lacks it, None if the line is not a record."""
    if not line.strip():
        return ""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return str(record.get(field, "")) if isinstance(record, dict) else ""


def _part_of(file: Path) -> str:
    """The part in the name of a file, or "all"."""
    name = file.name.lower().removesuffix(".gz").removesuffix(".zst").rpartition(".")[0]
    found = _ENDS.search(name)
    return _part(found[1]) if found else "all"


def _part(word: str) -> str:
    return _OTHER_WORDS.get(word.lower(), word.lower())


def _name(path: Path) -> str:
    """The name of a folder or file; for a file that is named after a part, the name of its folder."""
    path = path.resolve()
    own = path.name.split(".")[0] if path.is_file() else path.name
    return path.parent.name if path.is_file() and _ENDS.fullmatch(own.lower()) else own
