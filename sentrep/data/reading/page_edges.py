"""Lines that repeat at the edges of pages: running heads, footers, page numbers."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

FEWEST = 3
"""Pages that have a line at the same edge before it counts as repeated."""
NEAR = 2
"""Pages from one with the line to the next: left and right pages may have different ones."""
DEEPEST = 3
"""Lines of an edge that are looked at."""

_NUMBER = re.compile(r"(?<!\d)[0-9]{1,5}(?!\d)")


class Inner(NamedTuple):
    """What is left of pages."""

    pages: list[str]
    removed: int
    """Characters of the lines that were removed."""


def without_edges(pages: Sequence[str]) -> Inner:
    """Remove the lines that repeat at the top or at the bottom of pages.

    Lines are equal if their words are, and their numbers, save one that grows with the pages. Of lines at the
    top that have letters the first one stays: it may be a title.

    >>> without_edges([f"Hares\\n{text}\\n- {page} -" for page, text in enumerate(["One.", "Two.", "End."])])
    Inner(pages=['Hares\\nOne.', 'Two.', 'End.'], removed=25)
    """
    lines = [page.split("\n") for page in pages]
    removed = 0
    for top in (True, False):
        for _ in range(DEEPEST):
            for number in _repeated(lines, top):
                removed += len(lines[number].pop(0 if top else -1).strip())
    return Inner(["\n".join(each) for each in lines], removed)


def _repeated(lines: Iterable[list[str]], top: bool) -> set[int]:
    """Pages whose first or last line is to be removed; blank lines at the edge are removed here."""
    places: dict[str, list[int]] = defaultdict(list)
    for number, page in enumerate(lines):
        while page and not page[0 if top else -1].strip():
            del page[0 if top else -1]
        for key in _keys(page[0 if top else -1], number) if page else ():
            places[key].append(number)
    found = set[int]()
    for key, numbers in places.items():
        near = _with_a_neighbour(numbers)
        if len(near) >= FEWEST:
            found.update(near[1:] if top and any(map(str.isalpha, key)) else near)
    return found


def _with_a_neighbour(numbers: Sequence[int]) -> list[int]:
    """Those of ascending numbers that have another one near."""
    before = [-NEAR - 1, *numbers]
    after = [*numbers[1:], numbers[-1] + NEAR + 1]
    triples = zip(before, numbers, after, strict=False)
    return [own for low, own, high in triples if own - low <= NEAR or high - own <= NEAR]


def _keys(line: str, page: int) -> Iterator[str]:
    """What a line has in common with equal ones of other pages: itself, if it has a letter, and itself with
    one of its numbers counted from the page."""
    line = " ".join(line.split())
    if any(map(str.isalpha, line)):
        yield line
    for number in _NUMBER.finditer(line):
        yield f"{line[: number.start()]}#{int(number[0]) - page}{line[number.end() :]}"
