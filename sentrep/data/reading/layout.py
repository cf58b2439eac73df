"""The shape of plain text: one sentence a line, hard-wrapped prose, or a paragraph a line; and portions of
bounded size."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Literal, NamedTuple

PORTION = 1 << 16
"""Characters in a portion of text, at most: so much of a document is held at once."""

LOOK = 2_000
"""Lines that are looked at to recognise a shape."""

Shape = Literal["lines", "wrapped", "paragraphs"]

_CJK = r"\u3040-\u30ff\u3400-\u9fff"
_ENDS = re.compile(r"""[.!?…。！？｡]["'”’»)\]」』）\s]*$""")
_GOES_ON_INSIDE = re.compile(  # a stop, and then more of the line
    rf"""[^\W\d_]{{3}}\s?[.!?]["'”’»)]*\s+["'“‘«(]?[A-ZÀ-ÞΑ-ЯЁ]|[。！？][”’」』]*(?=[{_CJK}])"""
)
_BREAK = re.compile(rf"(?<=[{_CJK}，。、；：！？])\n(?=[{_CJK}])")


class Portion(NamedTuple):
    """A part of a text, and whether a paragraph ends with it."""

    text: str
    ends_paragraph: bool


def recognise(text: str) -> Shape:
    """The shape of a text, told from its first lines.

    - "lines": most lines end like a sentence, few hold more than one, and blank lines are rare: a corpus
    already split.
    - "wrapped": lines break at a margin, so those within a paragraph are almost equally long and end within
    sentences.
    - "paragraphs": all else; each line is a paragraph.

    >>> recognise("The cat sat.\\nIt purred.\\nWas it glad?\\nIt was.\\nThe end.")
    'lines'
    """
    every = [line.strip() for line in text.split("\n", LOOK)[:LOOK]]
    filled = [line for line in every if line]
    # A last line that the look cut off is no witness.
    inner = [line for line, following in pairwise(every) if line and following]
    if len(inner) < 2:
        return "paragraphs"
    ended = _share(_ENDS.search(line) is not None for line in filled)
    several = _share(_GOES_ON_INSIDE.search(line) is not None for line in filled)
    middle = sorted(map(len, filled))[len(filled) // 2]
    if (
        len(filled) >= 5
        and ended >= 0.8
        and several <= 0.25
        and middle <= 400
        and 2 * len(inner) >= len(filled)
    ):
        return "lines"
    margin = sorted(map(len, inner))[len(inner) * 19 // 20]
    full = _share(len(line) >= 0.75 * margin for line in inner)
    broken = _share(_ENDS.search(line) is None for line in inner)
    return "wrapped" if full >= 0.7 and broken >= 0.5 and 20 <= margin <= 250 else "paragraphs"


def unwrap(text: str) -> str:
    """Join the lines of each paragraph of hard-wrapped text; blank lines stay. Chinese is joined without a
    space."""
    paragraphs = re.split(r"\n\s*\n", text)
    return "\n\n".join(_BREAK.sub("", paragraph.strip()).replace("\n", " ") for paragraph in paragraphs)


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
        # A cut in the first half would leave crumbs; but paragraphs are worth it.
        found = text.rfind(sign, start if sign == "\n\n" else (start + stop) // 2, stop)
        if found > start:
            return found + len(sign), sign == "\n\n"
    return stop, False


def _share(marks: Iterable[bool]) -> float:
    found = list(marks)
    return sum(found) / len(found) if found else 0.0
