"""CSV and TSV files. No row is lost without a count, whatever its quotation marks and cells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sentrep.data.reading.csv_rows import CsvRows, Row, signs, split_tabs
from sentrep.data.reading.document import Fragment, Reading, Source
from sentrep.data.reading.records import has_text_column, record_fragments
from sentrep.data.reading.report import Kind
from sentrep.data.reading.source_lines import source_lines


def table(source: Source, reading: Reading) -> Iterator[Fragment]:
    """Rows below a header. Cells of a .csv may hold several lines; a row of a .tsv is a line."""
    rows = _TsvRows(source, reading) if source.format == "tsv" else CsvRows(source, reading)
    header: list[str] | None = None
    coming = rows.rows()
    for row in coming:
        if not any(row.cells):
            continue
        where = f"{source.name}:{row.number}"
        if header is None:
            header = [cell.strip() for cell in row.cells]
            rows.width = len(header)
            separator = rows.signs.separator
            if not has_text_column(header, source, reading, separator):
                reading.report.lost += sum(len(cell) for row in coming for cell in row.cells)
                return
            _count_double_columns(header, where, reading)
        else:
            record = _record(row, header, where, rows.signs.separator, reading)
            if record is not None:
                yield from record_fragments(record, f"{source.stem}#{row.number}", where, reading)


def _record(
    row: Row, header: list[str], where: str, separator: str, reading: Reading
) -> dict[str, str] | None:
    """A row as a record; None where the text's cell is missing."""
    report, config, cells = reading.report, reading.config, row.cells
    if len(cells) != len(header):
        kind = Kind.FEW_CELLS if len(cells) < len(header) else Kind.MANY_CELLS
        what = f"{len(cells)} cells for {len(header)} columns"
        if kind == Kind.MANY_CELLS and header[-1] == config.text_field:
            # A separator in the text was not quoted: the rest belongs to it.
            rest = separator.join(cells[len(header) - 1 :])
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


class _TsvRows:
    """Rows of a TSV file: one a line."""

    def __init__(self, source: Source, reading: Reading) -> None:
        self._lines = source_lines(source, reading)
        self.signs = signs("\t")
        self.width = 0
        """Cells of the header; 0 before it is read."""

    def rows(self) -> Iterator[Row]:
        for line in self._lines:
            yield Row(line.number, split_tabs(line.text, self.width))
