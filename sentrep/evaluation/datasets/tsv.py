"""Benchmark files: UTF-8 lines, optionally compressed, and TSV tables with a header and without quoting.

The split of a file is read from its name.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from sentrep.data.reading.lines import read_lines
from sentrep.utils.errors import InputError, at

SPLITS = ("train", "dev", "test")

# Limit for the first line, which can be very long in a file that is not a table.
_HEADER_BYTES = 10_000


class MissingSplit(InputError):
    """The data has no such split."""


def tables(path: Path, columns: Sequence[str]) -> list[Path]:
    """The file itself; or those .tsv files of a folder that have these columns, or are named after a split.

    A test.tsv with other columns is included, so that reading it reports the error instead of using dev.
    Other tables are ignored.

    Raises:
        InputError: there are none.
    """
    if not path.is_dir():
        return [path]
    files = sorted(path.glob("*.tsv"))
    found = [file for file in files if belongs(file, columns)]
    if not found:
        raise InputError(
            f"{at(path)}: no .tsv with the columns {', '.join(columns)}, tabs between; there are: "
            f"{_named(files)}"
        )
    return found


def belongs(file: Path, columns: Sequence[str]) -> bool:
    """Whether a file beside others is one of `tables`."""
    return file.suffix == ".tsv" and (of_split(file) in SPLITS or has_columns(file, columns))


def of_one_split(path: Path, splits: Mapping[Path, str], split: str | None) -> list[Path]:
    """The files of a split; if it is None, those of test, or all files where there is no test split.

    Args:
        path: for the error.
        splits: the split of each file.
        split: the wanted one.

    Raises:
        MissingSplit: no file belongs to it.
    """
    if split is None and "test" in splits.values():
        split = "test"
    chosen = [file for file, its in splits.items() if split in (None, its)]
    if not chosen:
        raise MissingSplit(f"{at(path)}: no file of split {split!r}; there are: {_named(splits)}")
    return chosen


def of_split(file: Path) -> str:
    """The split in the name of a file; "all" if there is none.

    >>> of_split(Path("test.tsv")), of_split(Path("news.dev.tsv")), of_split(Path("news.tsv"))
    ('test', 'dev', 'all')
    """
    last = stem(file).rpartition(".")[2]
    return last if last in SPLITS else "all"


def subset_of(file: Path) -> str:
    """The subset in the name of a file.

    >>> subset_of(Path("news.test.tsv")), subset_of(Path("test.tsv"))
    ('news', '')
    """
    part = of_split(file)
    return stem(file) if part == "all" else stem(file).removesuffix(part).removesuffix(".")


def called(path: Path) -> str:
    """The default name of a data set: the name of its file without the suffix, or of its folder if the path
    is a folder or a file that is named after a part only, such as test.tsv."""
    if path.is_dir():
        return path.resolve().name
    return path.resolve().parent.name if stem(path) in (*SPLITS, "all") else stem(path)


def stem(file: Path) -> str:
    """The name of a file without .tsv, .jsonl or .jsonl.gz."""
    return file.name.removesuffix(".gz").removesuffix(".jsonl").removesuffix(".tsv")


def has_columns(file: Path, columns: Collection[str]) -> bool:
    """Whether a file is a table that has these columns, and perhaps others."""
    return file.suffix == ".tsv" and file.is_file() and set(columns) <= set(header(file))


def header(file: Path) -> list[str]:
    """The cells of the first line, which in a table are the names of the columns."""
    with file.open("rb") as lines:
        return lines.readline(_HEADER_BYTES).decode("utf-8", "replace").strip("\ufeff\r\n").split("\t")


def read_table(
    file: Path, columns: Sequence[str], may_be_empty: Collection[str] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Read some columns of a table.

    Args:
        file: UTF-8, tabs between cells, no quoting.
        columns: to be read; the table may have others.
        may_be_empty: columns whose cells may be empty.

    Yields:
        Line number, where the header is line 1, and cells in the order of `columns`.

    Raises:
        InputError: the file is not UTF-8, a column is missing, a line has more or fewer cells than the
            header, or a cell is empty that must not be; names file and line.
    """
    if not file.is_file():
        raise InputError(f"{at(file)}: no such file")
    names = header(file)
    missing = [column for column in columns if column not in names]
    if missing:
        raise InputError(
            f"{at(file, 1)}: no column {missing[0]!r}; expected {', '.join(columns)}, tabs between, got "
            f"{', '.join(names)[:200]!r}"
        )
    places = [names.index(column) for column in columns]
    for number, line in itertools.islice(read_lines(file), 1, None):
        cells = line.split("\t")
        if len(cells) != len(names):
            raise InputError(
                f"{at(file, number)}: {len(cells)} columns; expected {', '.join(names)}, separated by tabs"
            )
        chosen = [cells[place].strip() for place in places]
        for column, cell in zip(columns, chosen, strict=True):
            if not cell and column not in may_be_empty:
                raise InputError(f"{at(file, number)}: nothing in column {column!r}")
        yield number, chosen


def _named(files: Collection[Path]) -> str:
    return ", ".join(file.name for file in files) or "none"
