"""A JSON file that holds an array of objects: each is a document, as a line of JSON lines is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sentrep.data.reading.decode import decode, unpack
from sentrep.data.reading.document import LIMIT, Fragment, Reading, Source
from sentrep.data.reading.records import record_fragments, wrong_object
from sentrep.data.reading.report import Kind, ReadReport

_GAP = re.compile(r"[\s,]*")
HEAD = 1 << 20
"""Characters in which the first object of an array ends, if it is to be recognised."""


class ArrayError(ValueError):
    """A text that is no array, does not end, or has a value that is too long."""


_DAMAGE = (ArrayError, json.JSONDecodeError, RecursionError)


class Element(NamedTuple):
    """A value of an array."""

    line: int
    """Where it begins, from 1."""
    value: Any


def json_array(source: Source, reading: Reading) -> Iterator[Fragment]:
    """The fragments of all objects of an array."""
    for number, (line, record) in enumerate(_undamaged(source, reading.report), 1):
        where = f"{source.name}:{line}"
        if isinstance(record, dict):
            yield from record_fragments(record, f"{source.stem}#{number}", where, reading)
        else:
            wrong_object(json.dumps(record), where, reading.report)


def _undamaged(source: Source, report: ReadReport) -> Iterator[Element]:
    """The values of an array up to a damage, which is counted."""
    line = 1
    try:
        for element in elements(decode(unpack(source.path, source.name, report), source.name, report)):
            line = element.line
            yield element
    except _DAMAGE as error:
        what = f"{error}; the rest of the array, behind line {line}, is not read"
        report.problem(Kind.WRONG_JSON, source.name, what)


def first_object(file: Path) -> dict[str, Any] | None:
    """The first object of an array of objects; None for any other file."""
    aside = ReadReport()
    head = _head(decode(unpack(file, str(file), aside), str(file), aside))
    try:
        found = next(elements(head), None)
    except _DAMAGE:
        return None
    return found.value if found and isinstance(found.value, dict) else None


def _head(blocks: Iterator[str]) -> Iterator[str]:
    size = 0
    for block in blocks:
        yield block
        size += len(block)
        if size > HEAD:
            return


def elements(blocks: Iterator[str], longest: int = LIMIT) -> Iterator[Element]:
    """The values of a JSON array, one after the other, of which no more than one is held in memory.

    Args:
        blocks: the text, in pieces of any size.
        longest: characters of a value.

    Raises:
        ArrayError: this is no array, it does not end, or a value is longer than `longest`.
        json.JSONDecodeError: a value is damaged.

    >>> [tuple(each) for each in elements(iter(['[{"a": 1},', '\\n {"a"', ': 2}]']))]
    [(1, {'a': 1}), (2, {'a': 2})]
    """
    text, line, opened = _Growing(blocks), 1, False
    while True:
        line += text.skip()
        following = text.next()
        if not following:
            raise ArrayError("the array does not end" if opened else "there is no array")
        if not opened and following != "[":
            raise ArrayError("there is no array")
        if opened and following == "]":
            return
        if opened:
            value, breaks = text.value(longest)
            yield Element(line, value)
            line += breaks
        else:
            opened = True
            text.place += 1


class _Growing:
    """Text that is read as far as it is needed.

    Args:
        blocks: the text, in pieces.
    """

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks, self._held = blocks, ""
        self._decoder = json.JSONDecoder()
        self.place = 0
        """How far the text is used."""

    def next(self) -> str:
        """The next character; empty at the end."""
        return self._held[self.place : self.place + 1]

    def skip(self) -> int:
        """Pass over spaces and commas; returns the number of line breaks among them."""
        breaks = 0
        while True:
            gap = _GAP.match(self._held, self.place)
            assert gap is not None
            breaks, self.place = breaks + gap[0].count("\n"), gap.end()
            if self.place < len(self._held) or not self._grow():
                return breaks

    def value(self, longest: int) -> tuple[Any, int]:
        """The JSON value that begins here, which is passed over, and the number of line breaks in it."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._held, self.place)
            except ValueError:
                if len(self._held) - self.place > longest:
                    raise ArrayError(f"a value of more than {longest:,} characters") from None
                if not self._grow():
                    raise
            else:
                breaks = self._held.count("\n", self.place, end)
                self.place = end
                return value, breaks

    def _grow(self) -> bool:
        """Read on, until the unused text is twice as long: a long value is not parsed again for each piece.
        Returns whether there was more."""
        parts = [self._held[self.place :]]
        size = wanted = len(parts[0])
        while size <= 2 * wanted and (block := next(self._blocks, None)) is not None:
            parts.append(block)
            size += len(block)
        self._held, self.place = "".join(parts), 0
        return size > wanted
