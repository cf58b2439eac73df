"""Tables as benchmarks have them: a header, tabs between columns, no quoting, UTF-8."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from sentrep.errors import InputError


class MissingSplit(InputError):
    """The data have no such part; other parts they may have."""


def header(file: Path) -> list[str]:
    """Names of a table's columns; whatever the first line holds, if it is no table."""
    with file.open("rb") as lines:
        return lines.readline().decode("utf-8", "replace").strip("\ufeff\r\n").split("\t")


def read_table(file: Path, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers, counted from 1 with the header, and cells, in the order of `columns`; the table may have others too.

    Raises `InputError`, with file and line, where the file is no UTF-8 text, a column is missing, a line has more or fewer
    cells than the header, or a cell that was asked for is empty.
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
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: is not UTF-8 text ({error}); convert it first") from error
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        if len(cells) != len(names):
            raise InputError(f"{file}:{number}: {len(cells)} columns; expected {', '.join(names)}, separated by tabs")
        chosen = [cells[place].strip() for place in places]
        if not all(chosen):
            raise InputError(f"{file}:{number}: nothing in column {columns[chosen.index('')]!r}")
        yield number, chosen


def of_split(file: Path) -> str:
    """The split that a file's name says: test.tsv and NAME.test.tsv are test, likewise train and dev; all others are "all"."""
    last = file.stem.rpartition(".")[2]
    return last if last in ("train", "dev", "test") else "all"
