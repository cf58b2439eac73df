"""The elements of JSON arrays in a text of any length, of which one at a time is held in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sentrep.data.reading.document import LIMIT

_GAP = re.compile(r"[\s,]*")
_UNFINISHED = re.compile(r"\.?|[eE][+-]?")
"""What may stand between a number and the end of a piece where the number goes on in the next one."""
_LONGEST_SIGN = 16
"""Characters of the longest sign of JSON within which a piece of text may end: -Infinity, \\ud83d."""


class Element(NamedTuple):
    """A value of an array."""

    line: int
    """Where it begins, from 1."""
    value: Any
    text: str
    """The text of the value as in the file."""


class Damage(NamedTuple):
    """A part of the text that is no element and is passed over."""

    line: int
    """Where it is, from 1."""
    what: str
    lost: int
    """Characters that are passed over."""
    too_large: bool = False
    """Whether it is a value that is too long to be held."""


def parsed(text: str, of_pairs: Callable[[list[tuple[str, Any]]], Any] | None = None) -> Any:
    """The value of a JSON text. A number of more digits than Python converts is None.

    Args:
        text: a value.
        of_pairs: makes the value of an object of the names and values of its fields; a dict if None.

    Raises:
        json.JSONDecodeError: the text is no JSON.
        RecursionError: it is nested too deep.

    >>> parsed('{"a": 1}'), parsed('{"a": ' + "1" * 5000 + "}")
    ({'a': 1}, {'a': None})
    """
    try:
        return json.loads(text, object_pairs_hook=of_pairs)
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.loads(text, object_pairs_hook=of_pairs, parse_int=_integer)


def elements(blocks: Iterator[str], longest: int = LIMIT) -> Iterator[Element | Damage]:
    """The values of a JSON array, or of several that follow each other.

    Behind a damaged value reading goes on at the next object that begins a line with the same indentation;
    where the damaged value does not begin a line, the rest of the text is passed over.

    Args:
        blocks: the text, in pieces of any size.
        longest: characters of a value.

    >>> [(each.line, each.value) for each in elements(iter(['[{"a": 1},', '\\n {"a"', ': 2}]']))]
    [(1, {'a': 1}), (2, {'a': 2})]
    >>> list(elements(iter(['[7] and']))) [1]
    Damage(line=1, what='text behind the end of the array', lost=3, too_large=False)
    """
    text, is_open, begun = _Growing(blocks), False, False
    while True:
        text.skip()
        following = text.next()
        if not following:
            if is_open or not begun:
                what = "the array does not end" if begun else "there is no array"
                yield Damage(text.line, what, 0)
            return
        if not is_open and following == "[":
            is_open = begun = True
            text.place += 1
        elif not is_open:
            what = "text behind the end of the array" if begun else "there is no array"
            yield Damage(text.line, what, text.pass_over_rest())
            return
        elif following == "]":
            is_open = False
            text.place += 1
        else:
            element = text.value(longest)
            yield element
            if isinstance(element, Damage) and not text.next():
                return


class _Growing:
    """Text that is read as far as it is needed.

    Args:
        blocks: the text, in pieces.
    """

    def __init__(self, blocks: Iterator[str]) -> None:
        self._blocks, self._held = blocks, ""
        self._decoders = json.JSONDecoder(), json.JSONDecoder(parse_int=_integer)
        self._indent: str | None = None
        """The spaces before the present place, if nothing else stands before it on its line."""
        self.place = 0
        """How far the text is used."""
        self.line = 1
        """The line of this place."""

    def next(self) -> str:
        """The next character; empty at the end."""
        return self._held[self.place : self.place + 1]

    def skip(self) -> None:
        """Pass over spaces and commas."""
        passed = ""
        while True:
            gap = _GAP.match(self._held, self.place)
            assert gap is not None
            passed, self.place = passed[-1000:] + gap[0], gap.end()
            self.line += gap[0].count("\n")
            if self.place < len(self._held) or not self._grow():
                break
        _, broken, indent = passed.rpartition("\n")
        self._indent = indent if broken else None

    def value(self, longest: int) -> Element | Damage:
        """The value that begins here, which is passed over; or the damage, up to the next object."""
        line = self.line
        while True:
            try:
                value, end = self._decoded()
            except RecursionError:
                return Damage(line, "brackets are nested too deep", self._pass_over())
            except json.JSONDecodeError as error:
                held = len(self._held)
                certain = error.pos + _LONGEST_SIGN < held and not error.msg.startswith("Unterminated string")
                if held - self.place > longest and not certain:
                    what = f"a value of more than {longest:,} characters"
                    return Damage(line, what, self._pass_over(), too_large=True)
                if certain or not self._grow():
                    at = line + self._held.count("\n", self.place, error.pos)
                    return Damage(at, error.msg, self._pass_over())
            else:
                if _UNFINISHED.fullmatch(self._held, end) and self._grow():
                    continue
                text = self._held[self.place : end]
                self.place, self.line = end, line + text.count("\n")
                return Element(line, value, text)

    def pass_over_rest(self) -> int:
        """Pass over all that follows; returns the number of its characters."""
        rest = len(self._held) - self.place + sum(map(len, self._blocks))
        self._held, self.place = "", 0
        return rest

    def _decoded(self) -> tuple[Any, int]:
        plain, lenient = self._decoders
        try:
            return plain.raw_decode(self._held, self.place)
        except json.JSONDecodeError:
            raise
        except ValueError:  # a number of more digits than Python converts
            return lenient.raw_decode(self._held, self.place)

    def _pass_over(self) -> int:
        """Pass over a damaged value, up to the next object that begins a line with the same indentation;
        returns the number of its characters."""
        if self._indent is None:
            return self.pass_over_rest()
        wanted, lost, start = f"\n{self._indent}{{", 0, self.place
        while (found := self._held.find(wanted, start)) < 0:
            keep = max(self.place, len(self._held) - len(wanted) + 1)
            lost += keep - self.place
            self.line += self._held.count("\n", self.place, keep)
            self._held, self.place = self._held[keep:] + (block := next(self._blocks, "")), 0
            start = 0
            if not block:
                return lost + self.pass_over_rest()
        end = found + len(wanted) - 1
        self.line += self._held.count("\n", self.place, end)
        lost, self.place = lost + end - self.place, end
        return lost

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


def _integer(digits: str) -> int | None:
    try:
        return int(digits)
    except ValueError:
        return None
