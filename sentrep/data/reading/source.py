"""Files, folders, standard input and data sets to documents, in pieces of bounded size."""

from __future__ import annotations

import contextlib
import difflib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.document import Reading, Source
from sentrep.data.reading.folder import folder_sources, named_json, named_source
from sentrep.data.reading.formats import format_of, fragments
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.unique_ids import with_unique_ids
from sentrep.utils.errors import InputError, at, cut, opt
from sentrep.utils.files import expanded
from sentrep.utils.hub import is_hub_name, without_retries

__all__ = ["Piece", "ReadReport", "gather", "read", "read_files"]

_OBJECTS = re.compile(rb"\[\s*\{")
"""The first signs of an array of objects."""


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
    headings: tuple[str, ...] = ()
    """The headings that the text stands under, outermost first, where the format has headings (Markdown,
    HTML, RST, DOCX). A piece never runs over a heading; a heading that is not the title is the first
    paragraph of its own section."""
    file: str = ""
    """The file that the document was read from, as the user named it."""
    fields: tuple[tuple[str, str], ...] = ()
    """Names and values of further fields of the document's record."""
    code: bool = False
    """Whether it is a block of code, between fences; it has no sentences."""


def read(config: CorpusConfig, report: ReadReport) -> Iterator[Piece]:
    """Read a corpus piece by piece, adding counts and problems to `report`.

    Raises InputError where a name is no file, folder or data set, or where nothing could be read: the message
    lists what was found."""
    with tempfile.TemporaryDirectory() as scratch:
        yield from read_files(gather(config, Path(scratch), report), config, report)


def read_files(
    files: Sequence[Source],
    config: CorpusConfig,
    report: ReadReport,
    code: bool = False,
    needed: bool = True,
) -> Iterator[Piece]:
    """Read the files that `gather` found, piece by piece; several passes give the same pieces. With `code`,
    blocks of code are pieces as well. Raises InputError where there is no text, if it is `needed`."""
    reading = Reading(config, report, code=code)
    for file in files:
        reading.ids.add(file.stem)  # no record gets the id of a file
    document = -1
    for file in files:
        report.files += 1
        for fragment in fragments(file, reading):
            if fragment.begins:
                document += 1
                report.documents += 1
            report.characters += len(fragment.text)
            yield Piece(
                document,
                fragment.id,
                fragment.title,
                fragment.text,
                fragment.lines,
                fragment.headings,
                file.name,
                fragment.fields,
                fragment.code,
            )
    if document < 0 and needed:
        raise _nothing(config, report)


def gather(config: CorpusConfig, scratch: Path, report: ReadReport, needed: bool = True) -> list[Source]:
    """The files behind the names of a corpus, in order, each once, with ids that differ. Standard
    input, pipes and data sets are copied to `scratch`.

    Raises InputError where a name is no file, folder or data set, or where there is no file that can be read,
    if one is `needed`."""
    if not config.corpus:
        raise InputError(
            "no corpus: name files, folders, '-' for standard input, or a data set", setting="corpus"
        )
    found: dict[Path, Source] = {}
    for name in config.corpus:
        for source in _sources(name, config, scratch, report):
            found.setdefault(source.path.resolve(), source)
    if not found and needed:
        raise _nothing(config, report)
    return with_unique_ids(list(found.values()), scratch)


def _nothing(config: CorpusConfig, report: ReadReport) -> InputError:
    """The error where nothing can be read, which lists what was found."""
    found = [f"  {line}" for line in report.lines()] or ["  files without text"]
    return InputError("\n".join([f"nothing to read in {at(', '.join(config.corpus))}; found were:", *found]))


def _sources(name: str, config: CorpusConfig, scratch: Path, report: ReadReport) -> Iterator[Source]:
    path = _path(name)
    if name in ("-", "/dev/stdin"):
        yield _streamed(sys.stdin.buffer, "standard input", "stdin", scratch, config, report)
    elif path.is_dir():
        yield from folder_sources(path, report, config.text_field)
    elif path.is_file():
        yield named_source(path, report, config.text_field)
    elif path.exists():
        yield _pipe(path, scratch, config, report)
    else:
        yield _data_set(name, path, config, scratch)


def _pipe(path: Path, scratch: Path, config: CorpusConfig, report: ReadReport) -> Source:
    """The pipe that a shell makes for ``<(command)``. Other pipes and devices are refused: they may never
    end."""
    if path.is_fifo() and re.match(r"/(dev/fd|proc/(self|\d+)/fd)/", str(path)):
        with path.open("rb") as stream:
            return _streamed(stream, str(path), f"pipe{path.name}", scratch, config, report)
    kind = "a named pipe" if path.is_fifo() else "a device or socket, no file"
    raise InputError(f"{at(path)}: {kind}; hand its content over on standard input, as '-'", setting="corpus")


def _streamed(
    stream: BinaryIO, name: str, identity: str, scratch: Path, config: CorpusConfig, report: ReadReport
) -> Source:
    """A stream as a file, since it is read more than once. JSON is recognised by its first signs.

    Raises InputError for an array of objects that cannot be read."""
    copy = scratch / identity
    with copy.open("wb") as file:
        shutil.copyfileobj(stream, file, 1 << 20)
    with copy.open("rb") as file:
        start = file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        kind = "jsonl"
    elif _OBJECTS.match(start):
        kind = named_json(copy, name, config.text_field)
    else:
        kind = "txt"
        report.assume("plain text, since it does not begin like JSON", name)
    return Source(copy, name, identity, kind, named=True)


def _data_set(name: str, path: Path, config: CorpusConfig, scratch: Path) -> Source:
    """A data set of the hub, its rows copied to JSON lines, since they are read more than once."""
    _check_data_set(name, path, config)
    copy = scratch / (name.replace("/", "--") + ".jsonl")
    with copy.open("w", encoding="utf-8") as file:
        for row in _rows(name, config.hub_split):
            kept = {field: row[field] for field in config.fields if row.get(field) is not None}
            file.write(json.dumps(kept or dict.fromkeys(row), default=str) + "\n")
    return Source(copy, f"data set {name}", f"{name}@{config.hub_split}", "jsonl", named=True)


def check_names(config: CorpusConfig) -> None:
    """Raise for the first name of a corpus that is no file, folder or data set, before anything is read.

    Raises:
        InputError: it is neither a file or folder, nor of the form of a data set on the hub.
    """
    for name in config.corpus:
        path = _path(name)
        if name != "-" and not path.exists():
            _check_data_set(name, path, config)


def _path(name: str) -> Path:
    """A name as a path that can be looked for.

    Raises InputError for an empty name, and for one that no file can have."""
    if not name.strip():
        raise InputError("an empty name; is a variable of the shell not set?", setting="corpus")
    try:
        path = expanded(name)
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError, RuntimeError) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"{at(cut(name, 80))}: cannot be looked for as a file or folder ({what}); texts are given in "
            "Python, as a list",
            setting="corpus",
        ) from error
    return path


def _check_data_set(name: str, path: Path, config: CorpusConfig) -> None:
    near = _near(path)
    if near or format_of(path.name) or not is_hub_name(name, config.hub):
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        if not near and is_hub_name(name, hub=True) and not format_of(path.name):
            hint = f"; a data set of the hub is named owner/name, or {opt('hub')} is given"
        raise InputError(f"{at(name)}: no such file or folder{hint}")
    if config.offline:
        raise InputError(
            f"{name}: no such file or folder, and {opt('offline')} forbids looking for a data set "
            "of that name"
        )


def _rows(name: str, split: str) -> Iterator[dict[str, Any]]:
    try:
        import datasets

        with without_retries():
            yield from datasets.load_dataset(name, split=split, streaming=True)
    except Exception as error:  # a network and the data of others can raise errors of any kind
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise InputError(
            f"{at(name)}: no such file or folder, and as a data set (split {split!r}) it cannot be "
            f"read: {reason}"
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
