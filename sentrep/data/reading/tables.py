"""CSV and TSV files. No row is lost without a count, whatever its quotation marks and cells."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from sentrep.data.reading.decode import Line, decode, lines, unpack
from sentrep.data.reading.document import LIMIT, Fragment, Reading, Source
from sentrep.data.reading.records import has_text_column, record_fragments
from sentrep.data.reading.report import Kind

_QUOTED = re.compile(r'"((?:[^"]++|"")*+)"[ \t]*(?=,|\n?\Z)')
_PLAIN = re.compile(r"[^,]*+")
_OPEN = re.compile(r'"(?:[^"]++|"")*+\Z')
_STILL_OPEN = re.compile(r'(?:[^"]++|"")*+\Z')
_CLOSES = re.compile(r'(?:[^"]++|"")*+"[ \t]*(?=,|\n?\Z)')


class Row(NamedTuple):
    """The cells of a row and the line on which it starts."""

    number: int
    cells: list[str]
    stray: bool = False
    """Whether it was read without quoting, so that its cells may be cut in wrong places."""


def table(source: Source, reading: Reading) -> Iterator[Fragment]:
    """Rows below a header. A .csv may quote its cells, a .tsv does not."""
    csv = _Csv(source, reading)
    rows = _tsv_rows(source, reading) if source.format == "tsv" else csv.rows()
    header: list[str] | None = None
    for row in rows:
        if not any(row.cells):
            continue
        where = f"{source.name}:{row.number}"
        if header is None:
            header = [cell.strip() for cell in row.cells]
            csv.width = len(header)
            if not has_text_column(header, source, reading):
                reading.report.lost += sum(len(cell) for row in rows for cell in row.cells)
                return
            _count_double_columns(header, where, reading)
        else:
            record = _record(row, header, where, source, reading)
            if record is not None:
                yield from record_fragments(record, f"{source.stem}#{row.number}", where, reading)


def _record(
    row: Row, header: list[str], where: str, source: Source, reading: Reading
) -> dict[str, str] | None:
    """A row as a record; None where the text's cell is missing."""
    report, config, cells = reading.report, reading.config, row.cells
    if len(cells) != len(header):
        kind = Kind.FEW_CELLS if len(cells) < len(header) else Kind.MANY_CELLS
        what = f"{len(cells)} cells for {len(header)} columns"
        if kind == Kind.MANY_CELLS and header[-1] == config.text_field:
            # A comma of the text was not quoted: the rest belongs to it.
            rest = ("\t" if source.format == "tsv" else ",").join(cells[len(header) - 1 :])
            cells, what = [*cells[: len(header) - 1], rest], f"{what}; the rest is added to the text"
        report.problem(kind, where, what)
    if row.stray or len(row.cells) != len(header):  # its cells may stand in wrong columns
        text = header.index(config.text_field)
        report.lost += sum(len(cell) for i, cell in enumerate(cells) if i != text)
    record: dict[str, str] = {}
    for name, cell in zip(header, cells, strict=False):
        if name not in record:
            record[name] = cell
        elif name == config.text_field:
            report.lost += len(cell)
    if config.text_field in record:
        return record
    return None


def _count_double_columns(header: list[str], where: str, reading: Reading) -> None:
    for name, times in Counter(header).items():
        if times > 1 and name:
            what = f"{name!r} stands {times} times; the first is read"
            reading.report.problem(Kind.SAME_COLUMN, where, what)


def _tsv_rows(source: Source, reading: Reading) -> Iterator[Row]:
    for line in _lines(source, reading):
        yield Row(line.number, (line.text or "").split("\t"))


class _Csv:
    """Rows of a CSV file (RFC 4180). A line whose quotation marks do not fit is read without quoting."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source, self._reading = source, reading
        self._coming = _lines(source, reading)
        self._returned: deque[Line] = deque()
        self.width = 0
        """Cells that a row of several lines must have; 0: any number."""

    def rows(self) -> Iterator[Row]:
        while (line := self._next()) is not None:
            text = line.text or ""
            cells = text.split(",") if '"' not in text else _cells(text)
            if cells is None and _is_open(text):
                cells = self._continued(text)
            if cells is None:
                what = "the line is read without quoting"
                self._reading.report.problem(Kind.STRAY_QUOTE, f"{self._source.name}:{line.number}", what)
                yield Row(line.number, text.split(","), stray=True)
            else:
                yield Row(line.number, cells)

    def _next(self) -> Line | None:
        return self._returned.popleft() if self._returned else next(self._coming, None)

    def _continued(self, text: str) -> list[str] | None:
        """The cells of a row of several lines; None, and the lines are given back, where no quotation mark
        closes it as it should."""
        taken: list[Line] = []
        parts, size = [text], len(text)
        while size <= LIMIT and (line := self._next()) is not None:
            taken.append(line)
            following = line.text or ""
            parts.append(following)
            size += len(following) + 1
            if '"' not in following or _STILL_OPEN.match(following):
                continue
            if not _CLOSES.match(following):
                break
            joined = "\n".join(parts)
            cells = _cells(joined)
            if cells is not None and len(cells) == (self.width or len(cells)):
                return cells
            if cells is not None or not _is_open(joined):
                break
        self._returned.extendleft(reversed(taken))
        return None


def _cells(text: str) -> list[str] | None:
    """The cells of a complete row; None where quotation marks do not fit."""
    cells, at = [], 0
    while True:
        quoted = text.startswith('"', at)
        cell = (_QUOTED if quoted else _PLAIN).match(text, at)
        if cell is None:
            return None
        cells.append(cell[1].replace('""', '"') if quoted else cell[0])
        at = cell.end() + 1
        if at > len(text):
            return cells


def _is_open(text: str) -> bool:
    """Whether the last cell of a row begins with a quotation mark that nothing closes."""
    at = 0
    while at <= len(text):
        if text.startswith('"', at) and _OPEN.match(text, at):
            return True
        cell = (_QUOTED if text.startswith('"', at) else _PLAIN).match(text, at)
        if cell is None:
            return False
        at = cell.end() + 1
    return False


def _lines(source: Source, reading: Reading) -> Iterator[Line]:
    """Lines that are not too long; the others are counted."""
    report = reading.report
    for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LIMIT):
        if line.text is None:
            what = f"a line of {line.length:,} characters; more than {LIMIT:,} are skipped"
            report.problem(Kind.TOO_LARGE, f"{source.name}:{line.number}", what, characters=line.length)
        else:
            yield line
