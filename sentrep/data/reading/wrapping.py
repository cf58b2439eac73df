"""Hard-wrapped prose to paragraphs: lines are joined where they were broken at the margin, and only there."""

from __future__ import annotations

import re
from itertools import pairwise

from sentrep.data.reading.layout import CJK, ENDED, INNER_STOP, LIST_ITEM, fill, margin, starts_low

_QUOTED = re.compile(r"(?:>[ \t]?)+")
_WIDE_END = re.compile(rf"[{CJK}，。、；：！？”’」』）]$")
_WIDE_START = re.compile(rf"[{CJK}，。、；：！？“‘「『（]")
_HYPHEN_END = re.compile(r"[^\W\d_]-$")


def unwrap(text: str, edge: int = 0) -> str:
    """Join the lines of each paragraph of hard-wrapped text.

    Blank lines stay; items of lists, lines of verse, headings and whatever else ended before the margin
    become paragraphs of their own. Chinese is joined without a space.

    Args:
        text: the text, paragraphs between blank lines.
        edge: the margin in characters; 0: the text's own.

    >>> unwrap("It was late, and the old man had\\ngone home.\\n- bread\\n- milk")
    'It was late, and the old man had gone home.\\n\\n- bread\\n\\n- milk'
    """
    edge = edge or margin(text.split("\n"))
    paragraphs = (_paragraph(part.split("\n"), edge) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if part)


def _paragraph(lines: list[str], edge: int) -> str:
    lines = [line.rstrip() for line in lines if line.strip()]
    if _separate(lines):
        return "\n\n".join(line.strip() for line in lines)
    parts = [line.strip() for line in lines[:1]]
    for line, following in pairwise(lines):
        if _continues(line, following, edge):
            parts[-1] = _join(parts[-1], following.strip())
        else:
            parts.append(following.strip())
    return "\n\n".join(parts)


def _separate(lines: list[str]) -> bool:
    """Whether a paragraph of a wrapped text is verse or a list: lines start with capitals although those
    before have not ended. Prose full of names has full lines, and stops within them."""
    breaks = [starts_low(b) for a, b in pairwise(lines) if not ENDED.search(a)]
    if len(breaks) < 3 or breaks.count(False) < 0.75 * len(breaks):
        return False
    widest = max(map(len, lines))
    full = all(fill(a, b) > 0.95 * widest for a, b in pairwise(lines))
    return not (full and any(INNER_STOP.search(line) for line in lines))


def _continues(line: str, following: str, edge: int) -> bool:
    """Whether the line was broken at the margin, so that the next one goes on with its sentence."""
    if LIST_ITEM.match(following) and not _dash_in_sentence(line, following, edge):
        return False
    broken = fill(line, _QUOTED.sub("", following) or following)
    if starts_low(following):
        return broken >= 0.5 * edge
    if _indent(following) > _indent(line) and not LIST_ITEM.match(line):
        return False
    return broken >= 0.85 * edge


def _dash_in_sentence(line: str, following: str, edge: int) -> bool:
    """Whether a line that begins like a list item only goes on behind a dash, an initial or a number."""
    marked = following.lstrip()[:1] in "–—-" and _indent(following) == 0
    return marked and not ENDED.search(line) and not line.endswith(":") and len(line) >= 0.8 * edge


def _join(text: str, following: str) -> str:
    if _QUOTED.match(text):
        following = _QUOTED.sub("", following, count=1)
    if _WIDE_END.search(text) and _WIDE_START.match(following):
        return text + following
    if _HYPHEN_END.search(text) and following[:1].islower():
        return text + following
    return f"{text} {following}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
