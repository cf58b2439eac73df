"""Text of others on a terminal: without control characters, in an encoding that the terminal has, and within
the width of a line."""

from __future__ import annotations

import re
import shlex
import sys
import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import TextIO

COLUMNS = 100
"""Longest line of a printed table."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def command(*arguments: object) -> str:
    """A command of this package as it can be pasted into a shell.

    >>> command("search", "my notes/index")
    "sentrep search 'my notes/index'"
    """
    return shlex.join(["sentrep", *map(str, arguments)])


def listed(names: Iterable[str], most: int = 10) -> str:
    """The first names, quoted, for a message; "none" without any, and a mark where some are left out.

    >>> listed(["id", "body"]), listed([]), listed("abc", most=2)
    ("'id', 'body'", 'none', "'a', 'b', …")
    """
    first = [*islice(names, most + 1)]
    quoted = [repr(name if len(name) <= 40 else f"{name[:39]}…") for name in first[:most]]
    return ", ".join([*quoted, *(["…"] if len(first) > most else [])]) or "none"


def printable(text: str) -> str:
    r"""One line of text without characters that control a terminal.

    Line breaks and tabs become spaces; other control characters, marks that turn the direction of writing,
    and lone surrogates are written as escapes.

    >>> printable("red \x1b[31m text\nnext line \ud800")
    'red \\x1b[31m text next line \\ud800'
    """
    spaced = re.sub(r"\r\n|[\n\r\t\v\f\x85\u2028\u2029]", " ", text)
    escaped = _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), spaced)
    return escaped.encode("utf-8", "backslashreplace").decode("utf-8")


def width(text: str) -> int:
    """Columns that a text takes on a terminal: Chinese and Japanese letters take two, combining marks none.

    >>> width("abc"), width("模型")
    (3, 4)
    >>> width("cafe\N{COMBINING ACUTE ACCENT}")
    4
    """
    return sum(map(_letter_width, text))


def cut_end(text: str, limit: int) -> str:
    """A text of at most `limit` columns; of a longer one the end is left out.

    >>> cut_end("a long text", 7), cut_end("狗在叫", 5)
    ('a long…', '狗在…')
    """
    return text if width(text) <= limit else _prefix(text, limit - 1).rstrip() + "…"


def cut_middle(text: str, limit: int) -> str:
    """A text of at most `limit` columns; of a longer one the middle is left out.

    >>> cut_middle("runs/quick-thought-of-novels/model", 21)
    'runs/quick…vels/model'
    """
    if width(text) <= limit:
        return text
    tail = _prefix(text[::-1], (limit - 1) // 2)[::-1]
    return f"{_prefix(text, limit - 1 - width(tail))}…{tail}"


def wrapped(text: str, limit: int = COLUMNS, taken: int = 0) -> list[str]:
    """Lines of at most `limit` columns, broken at spaces, and within a word that alone is longer.

    Args:
        text: to be broken; several spaces count as one.
        limit: longest line.
        taken: columns of the first line that are taken already.

    >>> wrapped("one two three", 8), wrapped("one two three", 8, taken=4)
    (['one two', 'three'], ['one', 'two', 'three'])
    >>> wrapped("没有空格的文本", 8)
    ['没有空格', '的文本']
    """
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined) <= limit - (0 if lines else taken):
            line = joined
            continue
        lines += [line] if line or (taken and not lines) else []
        while width(word) > limit:
            head = _prefix(word, limit) or word[0]
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line] if line else lines


def replace_what_cannot_be_encoded(*streams: TextIO) -> None:
    """Let streams (by default the standard ones) print a ``?`` for what their encoding lacks, and read U+FFFD
    for bytes that are no text in it."""
    for stream in streams or (sys.stdin, sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _prefix(text: str, limit: int) -> str:
    """The first characters that fit `limit` columns."""
    taken = 0
    for place, letter in enumerate(text):
        taken += _letter_width(letter)
        if taken > limit:
            return text[:place]
    return text
