"""Tables of findings: as files for programs, and as text for people."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, BinaryIO

from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import disk_errors, sweep, whole
from sentrep.utils.terminal import COLUMNS, cut_end, printable, width

ENDINGS = (".jsonl", ".csv", ".tsv", ".parquet")
"""Formats of files, by the end of their names."""

BATCH = 10_000
"""Rows that are written at once."""

Row = Mapping[str, Any]


def check_ending(path: Path, setting: str = "out") -> None:
    """Refuse a file whose name has the ending of no known format.

    Raises:
        InputError: names the formats.
    """
    if path.suffix not in ENDINGS:
        raise InputError(f"{opt(setting)} {at(path)}: the name has to end in {', '.join(ENDINGS)}")


def write_rows(rows: Iterable[Row], path: Path, setting: str = "out") -> int:
    """Write rows as they come to JSON lines, CSV, TSV or Parquet; the name of the file says which.

    Returns:
        How many rows there were.

    Raises:
        InputError: the format is not known, or the disk is full.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "found.csv"
    >>> write_rows([{"term": "狗", "count": 2}], file), file.read_text(encoding="utf-8")
    (1, 'term,count\\n狗,2\\n')
    """
    check_ending(path, setting)
    path.parent.mkdir(parents=True, exist_ok=True)
    sweep(path)
    write = {".jsonl": _json_lines, ".parquet": _parquet}.get(path.suffix, _separated)
    with disk_errors(path), whole(path) as file:
        return write(rows, file, path.suffix)


def text_table(rows: Sequence[Row], columns: Sequence[str], limit: int = COLUMNS) -> str:
    """Rows as a table of text within a number of columns; the last column is cut to fit.

    Args:
        rows: what is shown.
        columns: names of the values, in order; they are the heading.
        limit: longest line.

    >>> print(text_table([{"count": 3, "term": "狗在叫"}, {"count": 12, "term": "cat"}], ["count", "term"]))
    count  term
        3  狗在叫
       12  cat
    """
    cells = [[_cell(row.get(name, "")) for name in columns] for row in rows]
    widths = [max(map(width, column)) for column in zip(columns, *cells, strict=True)]
    room = limit - sum(widths[:-1]) - 2 * (len(columns) - 1)
    right = [all(isinstance(row.get(name), int | float) for row in rows) and bool(rows) for name in columns]
    lines = []
    for line in (list(columns), *cells):
        padded = [_padded(cell, size, end) for cell, size, end in zip(line, widths, right, strict=True)]
        padded[-1] = cut_end(line[-1], max(room, 8)) if not right[-1] else padded[-1]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _padded(cell: str, size: int, right: bool) -> str:
    space = " " * (size - width(cell))
    return space + cell if right else cell + space


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return printable(" ".join(str(value).split()))


def _json_lines(rows: Iterable[Row], file: BinaryIO, _: str) -> int:
    count = 0
    for row in rows:
        line = json.dumps(dict(row), ensure_ascii=False)
        file.write((line + "\n").encode("utf-8", "backslashreplace"))
        count += 1
    return count


def _separated(rows: Iterable[Row], file: BinaryIO, ending: str) -> int:
    stream = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
    writer: Any = None
    count = 0
    for row in rows:
        count += 1
        if writer is None:
            comma = "\t" if ending == ".tsv" else ","
            writer = csv.DictWriter(stream, list(row), delimiter=comma, lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _flat(value) for name, value in row.items()})
    stream.flush()
    stream.detach()
    return count


def _flat(value: Any) -> Any:
    """A list as one cell of a table."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | tuple | dict) else value


def _parquet(rows: Iterable[Row], file: BinaryIO, _: str) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    batches = _batches(rows)
    first = next(batches, [])
    table = pa.Table.from_pylist([dict(row) for row in first])
    count = 0
    with parquet.ParquetWriter(file, table.schema) as writer:
        for batch in chain([first], batches):
            writer.write_table(pa.Table.from_pylist([dict(row) for row in batch], schema=table.schema))
            count += len(batch)
    return count


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while batch := list(islice(rest, BATCH)):
        yield batch
