"""Files, folders, standard input and data sets to documents, in pieces of bounded size."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.formats import FORMATS, fragments
from sentrep.data.reading.records import Source
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.errors import InputError, opt

__all__ = ["Piece", "ReadReport", "gather", "read", "read_files"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a document, about 64,000 characters at most; the parts of one follow each other under one
    number."""

    document: int
    id: str
    title: str
    text: str
    """Paragraphs with blank lines between them, or sentences one a line."""
    lines: bool
    """Whether each line of the text is a sentence already."""


def read(config: CorpusConfig, report: ReadReport) -> Iterator[Piece]:
    """Read a corpus piece by piece, adding counts and problems to `report`.

    Raises InputError where a name leads nowhere, or where nothing at all could be read: the message lists
    what was found."""
    with tempfile.TemporaryDirectory() as scratch:
        yield from read_files(gather(config, Path(scratch), report), config, report)


def read_files(files: Sequence[Source], config: CorpusConfig, report: ReadReport) -> Iterator[Piece]:
    """The same for what `gather` found; several passes give the same pieces."""
    document = -1
    anything = False
    for file in files:
        report.files += 1
        seen = document
        for fragment in fragments(file, config, report):
            if fragment.begins:
                document += 1
                report.documents += 1
            report.characters += len(fragment.text)
            anything = True
            yield Piece(document, fragment.id, fragment.title, fragment.text, fragment.lines)
        if document == seen and file.path.exists() and file.path.stat().st_size == 0:
            report.problem(Kind.EMPTY_FILE, file.name, "0 bytes")
    if not anything:
        found = [f"  {line}" for line in report.lines()] or ["  files without text"]
        raise InputError("\n".join([f"nothing to read in {', '.join(config.corpus)}; found were:", *found]))


def gather(config: CorpusConfig, scratch: Path, report: ReadReport) -> list[Source]:
    """The files behind the names of a corpus, in order, each once. Standard input and data sets are copied to
    `scratch`."""
    if not config.corpus:
        raise InputError("no corpus: name files, folders, '-' for standard input, or a data set")
    found: dict[Path, Source] = {}
    for name in config.corpus:
        for source in _sources(name, config, scratch, report):
            found.setdefault(source.path.resolve(), source)
    return list(found.values())


def _sources(name: str, config: CorpusConfig, scratch: Path, report: ReadReport) -> Iterator[Source]:
    path = Path(name).expanduser()
    if name == "-":
        yield _standard_input(scratch)
    elif path.is_dir():
        empty = True
        for file in _walk(path):
            empty = False
            yield Source(file, str(file), _readable(file.relative_to(path)), _format(file), named=False)
        if empty:
            known = " ".join(sorted(suffix for suffix in FORMATS if suffix != ".json"))
            report.problem(
                Kind.NO_TEXT_IN_FOLDER,
                str(path),
                f"no file in it ends in {known}, or one of these with .gz or .zst",
            )
    elif path.exists():
        yield Source(path, str(path), _readable(Path(path.name)), _format(path) or "txt", named=True)
    else:
        yield _data_set(name, path, config, scratch)


def _walk(folder: Path) -> Iterator[Path]:
    """Files of known formats below a folder, sorted, without hidden ones. A .json file is read only if it is
    named itself: in a folder of text it is seldom text."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place, name)
            if (
                not name.startswith(".")
                and _format(file)
                and ".json" not in file.suffixes[-2:]
                and file.is_file()
            ):
                yield file


def _format(file: Path) -> str:
    """The format a file's name promises, "" if none."""
    suffixes = [suffix.lower() for suffix in file.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".zst"):
        suffixes.pop()
    return FORMATS.get(suffixes[-1], "") if suffixes else ""


def _readable(path: Path) -> str:
    """A path as text, also where its bytes are none."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")


def _standard_input(scratch: Path) -> Source:
    """Standard input as a file, since it is read more than once. JSON lines are recognised by their first
    sign."""
    copy = scratch / "stdin"
    with copy.open("wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    with copy.open("rb") as file:
        start = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    return Source(copy, "standard input", "stdin", "jsonl" if start[:1] == b"{" else "txt", named=True)


def _data_set(name: str, path: Path, config: CorpusConfig, scratch: Path) -> Source:
    """A data set of the hub, its rows copied to JSON lines, since they are read more than once."""
    plausible = re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name) and not name.startswith(".") and not _format(path)
    near = _near(path)
    if not plausible or near or (path.parent != Path() and path.parent.exists()):
        hint = f"; near it: {', '.join(near)}" if near else ""
        raise InputError(f"{name}: no such file or folder{hint}")
    if config.offline:
        raise InputError(
            f"{name}: no such file or folder, and {opt('offline')} forbids looking for a data set of that name"
        )
    copy = scratch / (name.replace("/", "--") + ".jsonl")
    fields = (config.text_field, config.title_field, config.id_field)
    with copy.open("w", encoding="utf-8") as file:
        for row in _rows(name, config.hub_split):
            kept = {field: row[field] for field in fields if row.get(field) is not None}
            file.write(json.dumps(kept or dict.fromkeys(row), default=str) + "\n")
    return Source(copy, f"data set {name}", f"{name}@{config.hub_split}", "jsonl", named=True)


def _rows(name: str, split: str) -> Iterator[dict[str, Any]]:
    try:
        import datasets

        yield from datasets.load_dataset(name, split=split, streaming=True)
    except Exception as error:  # anything may come from a network and from a stranger's data
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError(
            f"{name}: no such file or folder, and as a data set (split {split!r}) it cannot be read: {reason}"
        ) from error


def _near(path: Path) -> list[str]:
    """Names beside a path that does not exist which may have been meant."""
    with contextlib.suppress(OSError):
        siblings = [file.name for file in path.parent.iterdir()] if path.parent.is_dir() else []
        return [
            str(path.parent / name)
            for name in difflib.get_close_matches(path.name, siblings, n=3, cutoff=0.7)
        ]
    return []
