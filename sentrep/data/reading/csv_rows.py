"""Lines of a CSV file to rows of cells."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from sentrep.data.reading.document import LIMIT, Reading, Source
from sentrep.data.reading.report import Kind
from sentrep.data.reading.source_lines import SourceLine, source_lines

SEPARATORS = (",", ";", "\t")
"""What separates cells: a comma, or what Excel and others write in its place."""

STILL_OPEN = re.compile(r'(?:[^"]++|"")*+\Z')
_OPEN = re.compile(r'"(?:[^"]++|"")*+\Z')
_NAMED = re.compile(r'\s*"?sep=([,;|\t])"?\s*', re.IGNORECASE)


class Row(NamedTuple):
    """The cells of a row and the line on which it starts."""

    number: int
    cells: list[str]
    stray: bool = False
    """Whether it was read without quoting, so that its cells may be cut in wrong places."""


class CsvRows:
    """Rows of a CSV file (RFC 4180). A line whose quotation marks do not fit is read without quoting.

    Cells are separated by commas, unless the first line is "sep=" and another sign, or the header has no
    comma and another sign in it.
    """

    def __init__(self, source: Source, reading: Reading) -> None:
        self._source, self._reading = source, reading
        self._coming = source_lines(source, reading)
        self.signs = signs(",")
        self._returned: deque[SourceLine] = deque()
        self.width = 0
        """Cells that a row of several lines must have; 0: any number."""

    def rows(self) -> Iterator[Row]:
        self._choose_signs()
        while (line := self._next()) is not None:
            text = line.text
            cells = text.split(self.signs.separator) if '"' not in text else self.signs.cells(text)
            if cells is None and self.signs.is_open(text):
                cells = self._continued(text)
            if cells is None:
                what = "the line is read without quoting"
                self._reading.report.problem(Kind.STRAY_QUOTE, f"{self._source.name}:{line.number}", what)
                yield Row(line.number, text.split(self.signs.separator), stray=True)
            else:
                yield Row(line.number, cells)

    def _choose_signs(self) -> None:
        """Find out what separates the cells, from the first lines."""
        first = next((line for line in self._coming if line.text.strip()), None)
        if first is None:
            return
        named = _NAMED.fullmatch(first.text)
        if named:
            self.signs = signs(named[1])
            return
        self._returned.append(first)
        self.signs = signs(separator_of(first.text, self._reading.config.text_field))
        header = self.signs.cells(first.text) or []
        if self.signs.separator != "," and self._reading.config.text_field in map(str.strip, header):
            layout = f"table with cells separated by {self.signs.separator!r}"
            self._reading.report.assume(layout, self._source.name)

    def _next(self) -> SourceLine | None:
        return self._returned.popleft() if self._returned else next(self._coming, None)

    def _continued(self, text: str) -> list[str] | None:
        """The cells of a row of several lines; None, and the lines are given back, where no quotation mark
        closes it as it should."""
        taken: list[SourceLine] = []
        parts, size = [text], len(text)
        while size <= LIMIT and (line := self._next()) is not None:
            taken.append(line)
            following = line.text
            parts.append(following)
            size += len(following) + 1
            if '"' not in following or STILL_OPEN.match(following):
                continue
            if not self.signs.closes.match(following):
                break
            joined = "\n".join(parts)
            cells = self.signs.cells(joined)
            if cells is not None and len(cells) == (self.width or len(cells)):
                return cells
            if cells is not None or not self.signs.is_open(joined):
                break
        self._returned.extendleft(reversed(taken))
        return None


class Signs:
    """A separator, and what depends on it."""

    def __init__(self, separator: str) -> None:
        self.separator = separator
        sign, space = re.escape(separator), "[ ]*" if separator == "\t" else r"[ \t]*"
        self._quoted = re.compile(rf'"((?:[^"]++|"")*+)"{space}(?={sign}|\n?\Z)')
        self._plain = re.compile(rf"[^{sign}]*+")
        self.closes = re.compile(rf'(?:[^"]++|"")*+"{space}(?={sign}|\n?\Z)')
        """A line that ends the quoted cell of a line before."""

    def cells(self, text: str) -> list[str] | None:
        """The cells of a complete row; None where quotation marks do not fit."""
        cells, at = [], 0
        while True:
            quoted = text.startswith('"', at)
            cell = (self._quoted if quoted else self._plain).match(text, at)
            if cell is None:
                return None
            cells.append(cell[1].replace('""', '"') if quoted else cell[0])
            at = cell.end() + 1
            if at > len(text):
                return cells

    def is_open(self, text: str) -> bool:
        """Whether the last cell of a row begins with a quotation mark that nothing closes."""
        at = 0
        while at <= len(text):
            if text.startswith('"', at) and _OPEN.match(text, at):
                return True
            cell = (self._quoted if text.startswith('"', at) else self._plain).match(text, at)
            if cell is None:
                return False
            at = cell.end() + 1
        return False


@cache
def signs(separator: str) -> Signs:
    """The signs of a table with a separator."""
    return Signs(separator)


def separator_of(header: str, wanted: str) -> str:
    """What separates the cells of a header: a comma, unless no comma is in it and another sign is; of several
    signs the one that gives the column `wanted`.

    >>> separator_of("id;text", "text"), separator_of("id,text", "text"), separator_of("text", "text")
    (';', ',', ',')
    """
    if len(signs(",").cells(header) or header.split(",")) > 1:
        return ","
    found = {sign: [cell.strip() for cell in signs(sign).cells(header) or []] for sign in SEPARATORS}
    several = [sign for sign in SEPARATORS if len(found[sign]) > 1]
    return next((sign for sign in several if wanted in found[sign]), several[0] if several else ",")


def split_tabs(text: str, width: int) -> list[str]:
    """The cells of a line of a .tsv file. A cell that is a quoted string as a whole loses its marks.

    All other quotation marks are text. A quoted cell may hold tabs where that gives the row `width` cells.

    >>> split_tabs('1\\t"Beta ""x"" two."', 2), split_tabs('1\\t"No," he said.', 2)
    (['1', 'Beta "x" two.'], ['1', '"No," he said.'])
    """
    cells = text.split("\t")
    if '"' not in text:
        return cells
    tabs = signs("\t")
    if width and len(cells) > width and len(quoted := tabs.cells(text) or []) == width:
        return quoted
    return [(tabs.cells(cell) or [cell])[0] if cell.startswith('"') else cell for cell in cells]
