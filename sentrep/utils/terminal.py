"""Text of others on a terminal: without control characters, and in an encoding that the terminal has."""

from __future__ import annotations

import re
import sys
from typing import TextIO

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


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


def replace_what_cannot_be_encoded(*streams: TextIO) -> None:
    """Let streams (by default standard output and error) print a ``?`` for what their encoding lacks."""
    for stream in streams or (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
