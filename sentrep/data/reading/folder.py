"""The files of a folder, and what of it is not read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from sentrep.data.reading.decode import decode, lines, unpack
from sentrep.data.reading.document import Source
from sentrep.data.reading.formats import FORMATS, extension, format_of
from sentrep.data.reading.json_array import first_object
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.errors import InputError, at


def folder_sources(folder: Path, report: ReadReport, text_field: str) -> Iterator[Source]:
    """Files of known formats below a folder, sorted; the others are counted. Hidden ones are passed over.

    Links to files are followed, links to folders are not: they may lead in circles."""
    empty = True
    for file in _walk(folder, report):
        kind = _format(file, text_field)
        if kind:
            empty = False
            yield Source(file, str(file), _readable(file.relative_to(folder)), kind, named=False)
        else:
            report.ignore(_readable(file), extension(file.name) or "without an extension")
    if empty:
        known = " ".join(sorted(FORMATS))
        what = f"no file in it ends in {known}, or one of these with .gz or .zst"
        report.problem(Kind.NO_TEXT_IN_FOLDER, str(folder), what)


def named_source(file: Path, report: ReadReport, text_field: str) -> Source:
    """A file that the user named, read as it would be in a folder; one of unknown type as plain text.

    Raises InputError for a .json file that is neither JSON lines nor an array of objects."""
    kind = _format(file, text_field)
    if not kind and extension(file.name) == ".json":
        if first_object(file) is None:
            raise InputError(
                f"{at(file)}: it holds neither JSON lines (one object a line) nor an array of objects "
                "([{...}, {...}])"
            )
        kind = "json"
    if not kind:
        report.assume("plain text, since the name does not say the format", str(file))
    return Source(file, str(file), _readable(Path(file.name)), kind or "txt", named=True)


def _walk(folder: Path, report: ReadReport) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        where = _readable(Path(error.filename or folder))
        report.problem(Kind.UNREADABLE_FOLDER, where, error.strerror or str(error))

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if Path(place, name).is_symlink():
                report.problem(Kind.LINK, _readable(Path(place, name)), "a link to a folder, not read")
        for name in sorted(files):
            file = Path(place, name)
            if not name.startswith(".") and _is_file(file, report):
                yield file


def _is_file(file: Path, report: ReadReport) -> bool:
    try:
        if file.is_file():
            return True
        broken = file.is_symlink() and not file.exists()
    except OSError as error:
        report.problem(Kind.UNREADABLE_FILE, _readable(file), error.strerror or str(error))
        return False
    if broken:
        report.problem(Kind.LINK, _readable(file), "a link that leads nowhere")
    else:
        report.problem(Kind.NOT_A_FILE, _readable(file), "a pipe, socket or device, not read")
    return False


def _format(file: Path, text_field: str) -> str:
    """The format of a file by its name. A .json file is read only if it holds JSON lines, or an array of
    objects that have the field of the text."""
    kind = format_of(file.name)
    if not kind or extension(file.name) != ".json" or _holds_json_lines(file):
        return kind
    return "json" if text_field in (first_object(file) or {}) else ""


def _holds_json_lines(file: Path) -> bool:
    """Whether the first line of a file is a JSON object."""
    aside = ReadReport()
    for line in lines(decode(unpack(file, str(file), aside), str(file), aside), 1 << 20):
        if line.text is None:
            return True
        if line.text.strip():
            try:
                return isinstance(json.loads(line.text), dict)
            except (ValueError, RecursionError):
                return False
    return False


def _readable(path: Path) -> str:
    """A path as text, also where its bytes are none."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")
