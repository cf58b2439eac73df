"""The layout of plain text: one sentence a line, one text a line, or prose with lines broken at a margin."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

LOOK = 2_000
"""Lines that are looked at to recognise a layout."""

Layout = Literal["lines", "wrapped", "paragraphs"]

NAMES: dict[Layout, str] = {
    "lines": "one sentence a line",
    "wrapped": "prose with lines broken at a margin, joined",
    "paragraphs": "one text a line",
}
"""What a report calls the layouts."""

CJK = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
STOPS = ".!?…。！？｡．؟۔।॥።፧։།။៕៖᙮"
"""Characters that end a sentence, of the scripts in common use."""
_CLOSING = r""""'”’»«›‹“)\]}」』）】》\s"""
_OPENING = r"""\s"'“‘«»„‚‹(\[{¿¡「『（【《>*_"""

ENDED = re.compile(rf"[{STOPS}][{_CLOSING}]*$")
LIST_ITEM = re.compile(r"\s*(?:[-*+•‣▪◦·–—]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s")
_FIRST = re.compile(rf"[{_OPENING}]*([^\W\d_])")
INNER_STOP = re.compile(
    rf"""(?:[^\W\d_]{{2}}\s?[.!?…]|[؟۔।።։។])[{_CLOSING}]*?\s["'“‘«„(]*([^\W_])|[。！？][”’」』）]*(?=[{CJK}])"""
)
_GOES_ON = re.compile(  # a stop, and then more of the line
    rf"""[^\W\d_]{{3}}\s?[.!?]["'”’»)]*\s+["'“‘«("]?[A-ZÀ-ÞΑ-ЯЁ]|[。！？][”’」』]*(?=[{CJK}])"""
)
_WIDE = re.compile(f"[{CJK}，。、；：！？]")
_PUNCTUATED = re.compile(rf"[，、；：,;:{STOPS}][{_CLOSING}]*$")


def recognise(text: str, printed: bool = False) -> Layout:
    """The layout of a text, judged by its first lines.

    - "lines": most lines end like a sentence, few hold more than one, and blank lines are rare: a corpus
      that was split into sentences before.
    - "wrapped": prose whose lines break at a margin, within sentences.
    - "paragraphs": all else. Each line is a text of its own: a paragraph, headline, title, query, verse.

    Args:
        text: the beginning of the text.
        printed: whether the lines are those of a printed page, as in a PDF file.

    >>> recognise("The cat sat.\\nIt purred.\\nWas it glad?\\nIt was.\\nThe end.")
    'lines'
    >>> recognise("The cat sat on the mat, and it looked\\nas if it would never leave. Then it left.")
    'wrapped'
    >>> recognise("Rain delays start of harvest again\\nMuseum to reopen after long repairs")
    'paragraphs'
    """
    every = [line.rstrip() for line in text.split("\n", LOOK)[:LOOK]]
    pairs = [(a, b) for a, b in pairwise(every) if a.strip() and b.strip()]
    if not pairs:
        return "paragraphs"
    filled = [line.strip() for line in every if line.strip()]
    if _one_sentence_a_line(filled, len(pairs)):
        return "lines"
    wrapped = _wrapped(every, filled, pairs) or _wrapped_in_part(every, filled, pairs, printed)
    return "wrapped" if wrapped else "paragraphs"


def margin(lines: Iterable[str]) -> int:
    """Characters up to which lines are filled: the length that one line in twenty exceeds."""
    lengths = sorted(len(line.rstrip()) for line in lines if line.strip())
    return lengths[(len(lengths) * 19 - 1) // 20] if lengths else 0


def fill(line: str, following: str) -> int:
    """Characters that `line` would have with the first word of the next, if that has one; a line was broken
    because this is beyond the margin."""
    if _WIDE.match(following.lstrip()) and _WIDE.match(line[-1:]):
        return len(line) + 2
    return len(line) + 1 + len("".join(following.split(maxsplit=1)[:1]))


def starts_low(line: str) -> bool | None:
    """Whether the first letter of a line is a small one; None where it has no letter in front or no case."""
    first = _FIRST.match(line)
    if first is None or first[1].lower() == first[1].upper():
        return None
    return first[1].islower()


def _one_sentence_a_line(filled: Sequence[str], adjacent: int) -> bool:
    middle = sorted(map(len, filled))[len(filled) // 2]
    return (
        len(filled) >= 5
        and 2 * adjacent >= len(filled)
        and middle <= 400
        and _share(ENDED.search(line) is not None for line in filled) >= 0.8
        and _share(_GOES_ON.search(line) is not None for line in filled) <= 0.25
    )


def _wrapped(every: Sequence[str], filled: Sequence[str], pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether lines break at a margin, within sentences."""
    edge = margin(filled)
    breaks = [(a, b) for a, b in pairs if not ENDED.search(a) and not LIST_ITEM.match(b)]
    wide = edge >= 12 and _WIDE.search(filled[0]) is not None
    if not breaks or not (20 <= edge <= 250 or wide) or not _paragraphs_end(every):
        return False
    if _share(INNER_STOP.search(line) or ENDED.search(line) for line in filled) < 0.05:
        return False  # prose has sentences that end
    low = [mark for mark in (starts_low(b) for _, b in breaks) if mark is not None]
    if 2 * len(low) < len(breaks):
        return _wrapped_uncased(filled, breaks, edge)
    full = _share(fill(a, b) >= 0.75 * edge for a, b in breaks)
    stops = _share(INNER_STOP.search(line) for line in filled)
    if not _sentences_start_high(filled, pairs):
        return edge >= 40 and full >= 0.85 and stops >= 0.25
    tight = _share(fill(a, b) > edge for a, b in breaks)
    return full >= 0.5 and (_share(low) >= 0.5 or (_share(low) >= 0.25 and tight >= 0.9 and stops >= 0.25))


def _wrapped_in_part(
    every: Sequence[str], filled: Sequence[str], pairs: Sequence[tuple[str, str]], printed: bool
) -> bool:
    """Whether some lines break at a margin within sentences, among code, lists and headings, as in manuals.
    Unless the lines are printed ones, some have blank lines between them, and a line that begins with a small
    letter often follows a full one."""
    if not printed and len(pairs) > 0.9 * (len(filled) - 1):
        return False
    if _share(INNER_STOP.search(line) or ENDED.search(line) for line in filled) < 0.05:
        return False
    edge = margin(every)
    breaks = [
        (fill(a, b) >= 0.85 * edge, starts_low(b))
        for a, b in pairs
        if not ENDED.search(a) and not LIST_ITEM.match(b)
    ]
    full = [low for filled_up, low in breaks if filled_up and low is not None]
    low = [filled_up for filled_up, low in breaks if low]
    return (
        50 <= edge <= 250
        and sum(full) >= (2 if printed else 4)
        and _share(full) >= 0.4
        and (printed or _share(low) >= 0.35)
    )


def _paragraphs_end(every: Sequence[str]) -> bool:
    """Whether some paragraphs end as sentences do; those of a list of titles do not."""
    last = [a for a, b in pairwise([*every, ""]) if a.strip() and not b.strip()]
    if len(every) > 100:  # the last line that was looked at may be anywhere
        last = last[:-1] if len(last) > 1 else []
    return not last or _share(ENDED.search(line) for line in last) >= 0.3


def _wrapped_uncased(filled: Sequence[str], breaks: Sequence[tuple[str, str]], edge: int) -> bool:
    """Whether lines of a script without small letters break at a margin: most are full and end within a
    sentence, and some hold the end of one."""
    full = _share(fill(a, b) >= 0.9 * edge for a, b in breaks)
    punctuated = _share(_PUNCTUATED.search(a) for a, _ in breaks)
    inner = _share(INNER_STOP.search(line) or re.search(r"[，、。；！？](?=.)", line) for line in filled)
    return full >= 0.8 and punctuated <= 0.5 and inner >= 0.3


def _sentences_start_high(filled: Sequence[str], pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether sentences start with a capital, so that a line with a small first letter continues one."""
    starts = [*_sentence_starts(filled, pairs)]
    return _share(starts) >= 0.7


def _sentence_starts(filled: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Iterator[bool]:
    first = starts_low(filled[0])
    if first is not None:
        yield not first
    for line in filled:
        for stop in INNER_STOP.finditer(line):
            if stop[1] and stop[1].lower() != stop[1].upper():
                yield stop[1].isupper()
    for a, b in pairs:
        low = starts_low(b)
        if low is not None and ENDED.search(a):
            yield not low


def _share(marks: Iterable[object]) -> float:
    found = [bool(mark) for mark in marks]
    return sum(found) / len(found) if found else 0.0
