"""Hard-wrapped prose to paragraphs: lines are joined where they were broken at the margin, and only there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from sentrep.data.reading.layout import CJK, ENDED, INNER_STOP, LIST_ITEM, fill, margin, starts_low

_QUOTED = re.compile(r"(?:>[ \t]?)+")
_WIDE_END = re.compile(rf"[{CJK}，。、；：！？”’」』）]$")
_WIDE_START = re.compile(rf"[{CJK}，。、；：！？“‘「『（]")
_HYPHEN_END = re.compile(r"([^\W\d_]+)[-‐\xad]$")
_WORD = re.compile(r"[^\W\d_]+")
_COMPOUND = re.compile(r"(?=\b([^\W\d_]+[-‐][^\W\d_]+))")
_BROKEN = re.compile(r"\b([^\W\d_]+)[-‐]\n[ \t]*([^\W\d_]+)")

_SUSPENDED = frozenset(
    ["and", "or", "to", "nor", "und", "oder", "bis", "bzw", "sowie", "et", "ou", "y", "e", "o"]
)
"""Words behind a hyphen that stands for the rest of a word: "two- and threefold"."""
OwnHyphen = Callable[[str, str], bool]
"""Whether the hyphen between two parts of a word, of which the first ends a line, is the word's own."""


def unwrap(text: str, edge: int = 0) -> str:
    """Join the lines of each paragraph of hard-wrapped text.

    Blank lines stay; items of lists, lines of verse, headings and whatever else ended before the margin
    become paragraphs of their own. Chinese is joined without a space, and a word that was cut by a hyphen
    without the hyphen, see `own_hyphens`.

    Args:
        text: the text, paragraphs between blank lines.
        edge: the margin in characters; 0: the text's own.

    >>> unwrap("It was late, and the old man had\\ngone home.\\n- bread\\n- milk")
    'It was late, and the old man had gone home.\\n\\n- bread\\n\\n- milk'
    """
    edge = edge or margin(text.split("\n"))
    own = own_hyphens(text)
    paragraphs = (_paragraph(part.split("\n"), edge, own) for part in re.split(r"\n\s*\n", text))
    return "\n\n".join(part for part in paragraphs if part)


def own_hyphens(text: str) -> OwnHyphen:
    """Tell hyphens of compounds at the ends of lines from those that cut a word.

    A hyphen is the word's own where the text has the compound elsewhere, within a line, and where it has both
    parts as words. It cuts a word that the text has in one piece. All others cut words where a third of these
    do, and else they are own ones.

    >>> own = own_hyphens("inter-\\nnational and well-\\nknown, an international, well-known in-\\nvestor")
    >>> own("inter", "national"), own("well", "known"), own("some", "thing")
    (False, True, False)
    """
    broken = [(left.lower(), right.lower()) for left, right in _BROKEN.findall(text)]
    if not broken:
        return lambda left, right: True
    rest = _BROKEN.sub(" ", text).lower()
    words, compounds = set(_WORD.findall(rest)), set(_COMPOUND.findall(rest.replace("‐", "-")))

    def known(left: str, right: str) -> bool | None:
        if f"{left}-{right}" in compounds:
            return True
        if left + right in words:
            return False
        return True if left in words and right in words else None

    marks = Counter(known(*pair) for pair in broken)
    usual = marks[False] == 0 or 2 * marks[False] < marks[True]

    def own(left: str, right: str) -> bool:
        found = known(left.lower(), right.lower())
        return usual if found is None else found

    return own


def _paragraph(lines: list[str], edge: int, own: OwnHyphen) -> str:
    lines = [line.rstrip() for line in lines if line.strip()]
    if _separate(lines):
        return "\n\n".join(line.strip() for line in lines)
    parts = [line.strip() for line in lines[:1]]
    for line, following in pairwise(lines):
        if _continues(line, following, edge):
            parts[-1] = _join(parts[-1], following.strip(), own)
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


def _join(text: str, following: str, own: OwnHyphen) -> str:
    if _QUOTED.match(text):
        following = _QUOTED.sub("", following, count=1)
    if _WIDE_END.search(text) and _WIDE_START.match(following):
        return text + following
    cut, rest = _HYPHEN_END.search(text), _WORD.match(following)
    if cut and rest and following[:1].islower() and rest[0] not in _SUSPENDED:
        hyphen = text[-1] != "\xad" and own(cut[1], rest[0])
        return (text if hyphen else text[:-1]) + following
    return f"{text} {following}"


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
