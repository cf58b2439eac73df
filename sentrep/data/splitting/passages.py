"""Documents to passages: whole sentences of one section, with their place in the document.

The file is over 250 lines long because cutting, joining and locating passages work on the same units.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple

from sentrep.data.reading.source import Piece
from sentrep.data.splitting.segment import Segmenter
from sentrep.data.splitting.terminals import CJK, SPACELESS
from sentrep.utils.errors import InputError, opt

Span = tuple[int, int]
"""First character, and one past the last."""

Heading = tuple[int, tuple[str, ...]]
"""Where a section begins, and the headings that it stands below, outermost first."""

_WORD = re.compile(rf"[{CJK}]|[^\s{SPACELESS}]+")
_LETTER = re.compile(rf"(?![{CJK}])[{SPACELESS}]")
_LETTERS_PER_WORD = 4
_FENCED = re.compile(r"\s*(```|~~~)")
_FENCE = re.compile(r"(```|~~~)[ \t]*[\w+#.-]*$")
"""Three marks and perhaps a language; longer lines of marks underline headings."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a document: whole sentences below one heading."""

    document: str
    """Id of the document."""
    title: str
    headings: tuple[str, ...]
    """The headings that it stands below, outermost first."""
    start: int
    """First character in the document's text."""
    end: int
    """One past the last character."""
    text: str
    """The document's text from `start` to `end`."""
    number: int
    """Its place among the passages of the document, from 0."""
    previous: int | None
    """Number of the passage before it, if there is one."""
    following: int | None
    """Number of the passage behind it, if there is one."""


class DocumentParts(NamedTuple):
    """The text of a document, and where its sentences and sections are."""

    text: str
    sentences: list[Span]
    headings: list[Heading]


class _Unit(NamedTuple):
    """What is never cut: a sentence, a table, a block of code. It ends where the next one begins."""

    start: int
    end: int
    size: float
    section: int
    """Number of the heading above, from 1; 0 before the first."""


def assemble(pieces: Iterable[Piece], segmenter: Segmenter) -> DocumentParts:
    """Join the pieces of one document as they were read; pieces are separated by a blank line. Blocks of code
    have no sentences."""
    texts: list[str] = []
    sentences: list[Span] = []
    headings: list[Heading] = []
    at = 0
    for piece in pieces:
        if piece.headings != (headings[-1][1] if headings else ()):
            headings.append((at, piece.headings))
        spans = [] if piece.code else segmenter.spans(piece.text, piece.lines)
        sentences += [(at + start, at + end) for start, end in spans]
        texts.append(piece.text)
        at += len(piece.text) + 2
    return DocumentParts("\n\n".join(texts), sentences, headings)


def passages(
    text: str,
    sentences: Sequence[Span],
    headings: Sequence[Heading] = (),
    *,
    document: str = "",
    title: str = "",
    passage_words: int = 120,
    passage_overlap: int = 0,
    block_words: int = 480,
) -> list[Passage]:
    """Cut a document into passages of whole sentences.

    Without overlap the passages cover every character of the text once. A passage never runs over a heading.
    Tables and fenced code of at most `block_words` stay whole; larger ones are cut between lines.

    Args:
        text: The document's text.
        sentences: (start, end) of its sentences, ascending, as `Segmenter.spans` returns them.
        headings: (offset, path) of its sections, ascending; text before the first has no headings.
        document: Id of the document.
        title: Title of the document.
        passage_words: Size of a passage, about. A Chinese or Japanese character counts as a word, and so do
            four letters of Thai, Lao, Khmer or Burmese.
        passage_overlap: Words at the end of a passage, at most, that the next one of the section begins with;
            whole sentences.
        block_words: Size of the largest table or block of code that stays whole.

    Raises:
        InputError: A size is below 1, or the overlap is not smaller than the passage.

    >>> text = "One two. Three four. Five six."
    >>> [p.text for p in passages(text, [(0, 8), (9, 20), (21, 30)], passage_words=4)]
    ['One two. Three four. ', 'Five six.']
    """
    _check(passage_words, passage_overlap, block_words)
    units = _units(text, sentences, headings, block_words)
    spans: list[tuple[Span, int]] = []
    for section, group in groupby(units, key=lambda unit: unit.section):
        for span in _packed(list(group), passage_words, passage_overlap):
            spans.append((span, section))
    paths = [(), *(path for _, path in headings)]
    last = len(spans) - 1
    return [
        Passage(
            document,
            title,
            paths[section],
            start,
            end,
            text[start:end],
            number,
            number - 1 if number else None,
            number + 1 if number < last else None,
        )
        for number, ((start, end), section) in enumerate(spans)
    ]


def count_words(text: str) -> float:
    """The size of a text in words, as `passages` counts them.

    >>> count_words("It works."), count_words("他走了"), count_words("ไปไหน")
    (2.0, 3.0, 1.25)
    """
    words = float(len(_WORD.findall(text)))
    return words if text.isascii() else words + len(_LETTER.findall(text)) / _LETTERS_PER_WORD


def find_code(text: str) -> list[Span]:
    """Return the fenced code of a text.

    >>> find_code("Run it:\\n```\\nmake\\n```\\n| a | 1 |\\n| b | 2 |")
    [(8, 21)]
    """
    return [span for span in find_blocks(text) if _FENCED.match(text, span[0])]


def find_blocks(text: str) -> list[Span]:
    """Return the tables and the fenced code of a text: what is set in lines.

    Rows of a table hold two "|" or a tab; two rows make a table.

    >>> find_blocks("Prices:\\n| a | 1 |\\n| b | 2 |\\nThe end.")
    [(8, 28)]
    """
    found: list[Span] = []
    rows = 0
    fence, opened = "", 0
    for start, stop in [*pairwise(_line_starts(text)), (len(text), len(text))]:
        line = text[start:stop].strip()
        if fence:
            if line == fence:
                found.append((opened, stop))
                fence = ""
            continue
        if line.count("|") >= 2 or "\t" in line:
            rows += 1
            opened = start if rows == 1 else opened
            continue
        if rows > 1:
            found.append((opened, start))
        rows = 0
        if _FENCE.match(line):
            fence, opened = line[:3], start
    return found


def _check(passage_words: int, passage_overlap: int, block_words: int) -> None:
    for name, value in (("passage_words", passage_words), ("block_words", block_words)):
        if value < 1:
            raise InputError(f"{opt(name)} {value}: must be 1 or more")
    if not 0 <= passage_overlap < passage_words:
        raise InputError(
            f"{opt('passage_overlap')} {passage_overlap}: must be 0 or more, and less than the "
            f"{passage_words} words of a passage"
        )


def _units(
    text: str, sentences: Sequence[Span], headings: Sequence[Heading], block_words: int
) -> list[_Unit]:
    """The parts of a text that are never cut, in order; together they are the text."""
    offsets = [offset for offset, _ in headings]
    units: list[_Unit] = []
    at = 0
    for cut in [*sorted(_cuts(text, sentences, offsets, block_words)), len(text)]:
        if cut > at and not text[at:cut].isspace():
            units.append(_unit(text, at, cut, offsets))
            at = cut
    if at < len(text):  # white space at the end
        if not units:
            return [_unit(text, 0, len(text), offsets)]
        units[-1] = units[-1]._replace(end=len(text))
    return units


def _unit(text: str, start: int, end: int, offsets: Sequence[int]) -> _Unit:
    own = text[start:end]
    first_letter = end - len(own.lstrip()) if own.strip() else start
    return _Unit(start, end, count_words(own), bisect_right(offsets, first_letter))


def _cuts(text: str, sentences: Sequence[Span], offsets: Sequence[int], block_words: int) -> set[int]:
    """Where a passage may begin."""
    blocks = find_blocks(text)  # in order, without overlap
    starts = [start for start, _ in blocks]
    before = ((start, bisect_right(starts, start) - 1) for start, _ in sentences)
    cuts = {start for start, block in before if block < 0 or start >= blocks[block][1]}
    for start, end in blocks:
        if count_words(text[start:end]) > block_words:
            cuts |= {start + line for line in _line_starts(text[start:end])}
        cuts |= {start, end}
    return cuts.union(offsets)


def _packed(units: list[_Unit], size: int, overlap: int) -> list[Span]:
    """Gather the units of a section into passages of about `size` words; a short rest joins the last one."""
    found: list[Span] = []
    first = new = 0
    held = added = 0.0
    for number, unit in enumerate(units):
        if number > new and held + unit.size / 2 > size:
            found.append((units[first].start, unit.start))
            first, held = _begin(units, first, number, overlap)
            new, added = number, 0.0
        held += unit.size
        added += unit.size
    if found and added < size / 4:
        return [*found[:-1], (found[-1][0], units[-1].end)]
    return [*found, (units[first].start, units[-1].end)]


def _begin(units: list[_Unit], first: int, number: int, overlap: int) -> tuple[int, float]:
    """The first unit of the passage that adds unit `number`, and the size of what is repeated."""
    repeated = 0.0
    start = number
    while start - 1 > first and repeated + units[start - 1].size <= overlap:
        start -= 1
        repeated += units[start].size
    return start, repeated


def _line_starts(text: str) -> list[int]:
    """Where lines begin, and the end of the text."""
    return list(accumulate((len(line) for line in text.splitlines(keepends=True)), initial=0))
