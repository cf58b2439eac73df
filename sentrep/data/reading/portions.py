"""Cut text of any length into portions of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

PORTION = 1 << 16
"""Characters in a portion of text, at most: so much of a document is held at once."""


class Portion(NamedTuple):
    """A part of a text, and whether a paragraph ends with it."""

    text: str
    ends_paragraph: bool


def portions(blocks: Iterable[str], most: int = PORTION) -> Iterator[Portion]:
    """Cut text into portions: between paragraphs if possible, else between lines, sentences, words, or
    anywhere.

    Nothing is lost but the white space at the cuts, and never more than a block and a portion is held.
    """
    held = ""
    for block in blocks:
        held += block
        start = 0
        while len(held) - start > most:
            cut, ends = _cut(held, start, start + most)
            if portion := held[start:cut].strip("\n"):
                yield Portion(portion, ends)
            start = cut
        held = held[start:]
    if held := held.strip("\n"):
        yield Portion(held, True)


def _cut(text: str, start: int, stop: int) -> tuple[int, bool]:
    """Where to cut text[start:stop], and whether a paragraph ends there."""
    for sign in ("\n\n", "\n", ". ", "。", " "):
        # A cut in the first half would make short portions; only the end of a paragraph justifies it.
        found = text.rfind(sign, start if sign == "\n\n" else (start + stop) // 2, stop)
        if found > start:
            return found + len(sign), sign == "\n\n"
    return stop, False
