"""Files that have to be held in memory as a whole."""

from __future__ import annotations

from sentrep.data.reading.decode import unpack
from sentrep.data.reading.document import Reading, Source
from sentrep.data.reading.report import Kind
from sentrep.utils.errors import InputError, at

WHOLE = 16 << 20
"""Bytes (unpacked) of the largest HTML, RST, DOCX or PDF file that is read: parsed, it takes many times as
much memory."""


def read_whole(source: Source, reading: Reading, limit: int = WHOLE) -> bytes | None:
    """The bytes of a file; None, and a count, where there are too many of them."""
    parts, size = list[bytes](), 0
    for block in unpack(source.path, source.name, reading.report):
        parts.append(block)
        size += len(block)
        if size > limit:
            what = f"more than {limit:,} bytes; skipped"
            lost = max(size, source.path.stat().st_size)
            reading.report.problem(Kind.TOO_LARGE, source.name, what, characters=lost)
            return None
    return b"".join(parts)


def missing(source: Source, reading: Reading, library: str) -> None:
    """Count a file whose library is not installed.

    Raises InputError if the user named this file."""
    what = f"reading it needs {library}: pip install {library}"
    if source.named:
        raise InputError(f"{at(source.name)}: {what}")
    reading.report.problem(Kind.UNREADABLE_FILE, source.name, what)
