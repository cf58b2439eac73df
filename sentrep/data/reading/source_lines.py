"""The lines of a file, decoded; those that are too long are counted and left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sentrep.data.reading.decode import decode, lines, unpack
from sentrep.data.reading.document import LIMIT, Reading, Source
from sentrep.data.reading.report import Kind


class SourceLine(NamedTuple):
    """A line of a file."""

    number: int
    text: str


def source_lines(source: Source, reading: Reading) -> Iterator[SourceLine]:
    """The lines of a file that are not too long."""
    report = reading.report
    for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LIMIT):
        if line.text is None:
            what = f"a line of {line.length:,} characters; more than {LIMIT:,} are skipped"
            report.problem(Kind.TOO_LARGE, f"{source.name}:{line.number}", what, characters=line.length)
        else:
            yield SourceLine(line.number, line.text)
