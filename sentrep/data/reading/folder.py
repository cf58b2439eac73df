"""The files of a folder, and what of it is not read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sentrep.data.reading.document import Source
from sentrep.data.reading.formats import FORMATS, extension, format_of
from sentrep.data.reading.json_kind import JsonKind, json_kind
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.manifest import MANIFEST


def folder_sources(folder: Path, report: ReadReport, text_field: str) -> Iterator[Source]:
    """Files of known formats below a folder, sorted; the others are counted. Hidden ones are passed over.

    Links to files are followed, links to folders are not, because they may form cycles."""
    read = refused = 0
    for file in _walk(folder, report):
        kind, end = format_of(file.name), extension(file.name)
        found = json_kind(file, text_field) if end == ".json" else JsonKind(kind)
        if found.problem:
            refused += 1
            report.problem(found.problem, _place(file, found.line), found.what)
        elif found.format:
            read += 1
            yield Source(file, str(file), readable(file.relative_to(folder)), found.format, named=False)
        else:
            report.ignore(readable(file), end or "without an extension")
    if not read:
        known = " ".join(sorted(FORMATS))
        what = f"no file in it ends in {known}, or one of these with .gz or .zst"
        what = f"none of its .json files ({refused:,}) can be read" if refused else what
        report.problem(Kind.NO_TEXT_IN_FOLDER, str(folder), what)


def named_source(file: Path, report: ReadReport, text_field: str) -> Source:
    """A file that the user named, read as it would be in a folder; one of unknown type as plain text.

    Raises InputError for a .json file that cannot be read."""
    kind = format_of(file.name)
    if extension(file.name) == ".json":
        kind = named_json(file, str(file), text_field)
    elif not kind:
        report.assume("plain text, since the name does not say the format", str(file))
    return Source(file, str(file), readable(Path(file.name)), kind or "txt", named=True)


def named_json(file: Path, name: str, text_field: str) -> str:
    """The format of a JSON file that the user named: 'jsonl' or 'json'.

    Raises InputError if it cannot be read."""
    found = json_kind(file, text_field)
    if found.format:
        return found.format
    hint = f" (choose one with {opt('text_field')})" if found.problem == Kind.NO_TEXT_FIELD else ""
    raise InputError(f"{at(name, found.line)}: {found.what}{hint}")


def _walk(folder: Path, report: ReadReport) -> Iterator[Path]:
    def unreadable(error: OSError) -> None:
        where = readable(Path(error.filename or folder))
        report.problem(Kind.UNREADABLE_FOLDER, where, error.strerror or str(error))

    for place, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in [name for name in folders if _is_own_output(Path(place, name))]:
            folders.remove(name)
            report.problem(
                Kind.OWN_OUTPUT, readable(Path(place, name)), "an index, vectors, a model or a run"
            )
        for name in folders:
            if Path(place, name).is_symlink():
                report.problem(Kind.LINK, readable(Path(place, name)), "a link to a folder, not read")
        for name in sorted(files):
            file = Path(place, name)
            if not name.startswith(".") and _is_file(file, report):
                yield file


def _is_own_output(folder: Path) -> bool:
    """Whether a folder holds an index, vectors, a model or a run, or an index that `build` put into it."""
    with suppress(OSError):  # of a folder that may not be entered, which is reported later
        if any((folder / name).is_file() for name in ("modules.json", "run.json", "sentrep.json")):
            return True
    for manifest in (folder / MANIFEST, folder / "index" / MANIFEST):
        try:
            start = manifest.read_bytes()[:100]
        except OSError:
            continue
        if start.startswith(b"{") and b'"kind": ' in start and b'"format_version": ' in start:
            return True
    return False


def _is_file(file: Path, report: ReadReport) -> bool:
    try:
        if file.is_file():
            return True
        broken = file.is_symlink() and not file.exists()
    except OSError as error:
        report.problem(Kind.UNREADABLE_FILE, readable(file), error.strerror or str(error))
        return False
    if broken:
        report.problem(Kind.LINK, readable(file), "a link that leads nowhere")
    else:
        report.problem(Kind.NOT_A_FILE, readable(file), "a pipe, socket or device, not read")
    return False


def _place(file: Path, line: int | None) -> str:
    return readable(file) if line is None else f"{readable(file)}:{line}"


def readable(path: Path) -> str:
    """A path as text, also where its bytes are none."""
    return os.fsencode(path.as_posix()).decode("utf-8", "replace")
