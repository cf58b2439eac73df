"""A table for a terminal, within 100 columns: long names are shortened in the middle, and columns that do not
fit beside the others stand below them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sentrep.utils.terminal import COLUMNS, cut_middle, printable, width, wrapped

NAME = 24
"""Names of rows are not shortened below this width."""
HEADING = 24
"""Names of columns are not shortened below this width."""
GAP = "  "


def text_table(rows: Sequence[Sequence[str]], title: str = "", limit: int = COLUMNS) -> str:
    """Rows of equal length as aligned lines; the first row is the header, the first column has the names.

    Args:
        rows: cells as text.
        title: stands above the table.
        limit: longest line.

    Returns:
        Lines of at most `limit` columns. The full names of shortened rows and columns follow the table.

    >>> print(text_table([["model", "R@1"], ["a-model-with-a-very-long-name", ".47"]], limit=29), end="")
    model                     R@1
    ------------------------  ---
    a-model-with…y-long-name  .47
    a-model-with…y-long-name =
    a-model-with-a-very-long-name
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    short = _fitted(cells, limit)
    widths = [max(map(width, column)) for column in zip(*short, strict=True)]
    lines = wrapped(title, limit)
    for columns in _groups(widths, limit):
        chosen = [0, *columns]
        lines += [_line([row[i] for i in chosen], [widths[i] for i in chosen]) for row in short[:1]]
        lines.append(GAP.join("-" * widths[i] for i in chosen))
        lines += [_line([row[i] for i in chosen], [widths[i] for i in chosen]) for row in short[1:]]
    return "\n".join([*lines, *_full_names(cells, short, limit)]) + "\n"


def _fitted(rows: Sequence[Sequence[str]], limit: int) -> list[list[str]]:
    """Rows whose names are short enough for the limit, as far as names may be shortened."""
    header, body = list(rows[0]), [list(row) for row in rows[1:]]
    if _total([header, *body]) > limit:
        header = [header[0], *(cut_middle(cell, HEADING) for cell in header[1:])]
    names = max((width(row[0]) for row in body), default=0)
    for_names = max(NAME, limit - (_total([header, *body]) - names))
    for_cells = limit - for_names - len(GAP)
    body = [
        [cut_middle(name, for_names), *(cut_middle(cell, for_cells) for cell in cells)]
        for name, *cells in body
    ]
    return [header, *body]


def _total(rows: Sequence[Sequence[str]]) -> int:
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _groups(widths: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Columns beside each other, each group together with the names within the limit."""
    group: list[int] = []
    taken = widths[0]
    for column, size in enumerate(widths[1:], 1):
        if group and taken + len(GAP) + size > limit:
            yield group
            group, taken = [], widths[0]
        group.append(column)
        taken += len(GAP) + size
    yield group


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell + " " * (size - width(cell)) for cell, size in zip(cells, widths, strict=True))
    return GAP.join(padded).rstrip()


def _full_names(rows: Sequence[Sequence[str]], short: Sequence[Sequence[str]], limit: int) -> list[str]:
    pairs = [*zip(short[0], rows[0], strict=True), *((a[0], b[0]) for a, b in zip(short, rows, strict=True))]
    changed = dict.fromkeys((name, full) for name, full in pairs if name != full)
    return [line for name, full in changed for line in wrapped(f"{name} = {full}", limit)]
