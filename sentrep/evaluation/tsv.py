"""Files as benchmarks have them: lines of UTF-8, perhaps packed; tables with a header, tabs between columns, no quoting."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from sentrep.errors import InputError


class MissingSplit(InputError):
    """The data have no such part; other parts they may have."""


def header(file: Path) -> list[str]:
    """Names of a table's columns; whatever the first line holds, if it is no table."""
    with file.open("rb") as lines:
        return lines.readline().decode("utf-8", "replace").strip("\ufeff\r\n").split("\t")


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank, without their ends, of a file or of what is packed in a .gz.

    Raises `InputError` where it is no UTF-8 text, or damaged.
    """
    try:
        with gzip.open(file, "rt", encoding="utf-8-sig") if file.suffix == ".gz" else file.open(encoding="utf-8-sig") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{file}: cannot be read as UTF-8 text ({error}); convert it first") from error


def read_table(file: Path, columns: Sequence[str], may_be_empty: Collection[str] = ()) -> Iterator[tuple[int, list[str]]]:
    """Line numbers, counted from 1 with the header, and cells, in the order of `columns`; the table may have others too.

    Raises `InputError`, with file and line, where the file is no UTF-8 text, a column is missing, a line has more or fewer
    cells than the header, or a cell that was asked for is empty and may not be.
    """
    if not file.is_file():
        raise InputError(f"{file}: no such file")
    names = header(file)
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(
            f"{file}:1: no column {missing[0]!r}; expected {', '.join(columns)}, got {', '.join(names)} (tabs between)"
        )
    places = [names.index(column) for column in columns]
    for number, line in itertools.islice(read_lines(file), 1, None):
        cells = line.split("\t")
        if len(cells) != len(names):
            raise InputError(f"{file}:{number}: {len(cells)} columns; expected {', '.join(names)}, separated by tabs")
        chosen = [cells[place].strip() for place in places]
        for column, cell in zip(columns, chosen, strict=True):
            if not cell and column not in may_be_empty:
                raise InputError(f"{file}:{number}: nothing in column {column!r}")
        yield number, chosen


def of_split(file: Path) -> str:
    """The split that a file's name says: test.tsv and NAME.test.tsv are test, likewise train and dev; all others are "all"."""
    last = file.stem.rpartition(".")[2]
    return last if last in ("train", "dev", "test") else "all"
