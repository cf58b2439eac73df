"""Marks of HTML pages that are no text, and headings that are lost when the main content is looked for."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

from sentrep.data.reading.document import Block, Outline
from sentrep.data.reading.html_tree import length

_ANCHORS = frozenset("#¶§∞🔗⚓")
"""Signs of which the link from a place to itself consists."""
_ASIDE = frozenset(["script", "style", "nav", "footer", "aside"])
_LEVELS = {f"h{level}": level for level in range(1, 7)}
_TELLING = 12
"""Characters of a text that is looked for, at least."""
_AHEAD = 2_000
"""Characters within which a text is looked for behind the one before it."""
_MISSES = 3
"""Texts below a heading that are not found, until the heading is taken for boilerplate like them."""


def without_marks(tree: Any) -> int:
    """Remove links from places to themselves ("¶"), and buttons in preformatted text ("copy").

    Returns:
        Characters that were removed.
    """
    links = tree.xpath("//a[starts-with(@href, '#')]")
    marks = [link for link in links if _is_anchor("".join(link.itertext()).strip())]
    removed = 0
    for element in [*marks, *tree.xpath("//pre//button")]:
        removed += length("".join(element.itertext()))
        element.drop_tree()
    return removed


def _is_anchor(text: str) -> bool:
    return 0 < len(text) <= 2 and text[0] in _ANCHORS


def with_headings(blocks: list[Block], tree: Any) -> list[Block]:
    """Blocks with the headings that trafilatura dropped, each before the text that it stands above.

    It drops headings that are alone in elements of their own, as in pages made from DocBook. Where it keeps
    half of the headings or more, the others are boilerplate, such as the name of a site. The texts of the
    page are followed in the blocks, in order, so that the place of each heading is known.
    """
    joined = "\n".join(block.text for block in blocks)
    begins = list(accumulate((len(block.text) + 1 for block in blocks), initial=0))
    levels: dict[int, int] = {}
    lost: dict[int, list[tuple[int, str]]] = {}
    waiting: list[tuple[int, str]] = []
    at = misses = 0
    for level, text in _texts(tree):
        if level and (number := _kept(blocks, begins, at, text)) is not None:
            levels[number], at = level, begins[number + 1]
        elif level:
            waiting.append((level, text))
            misses = 0
        elif (place := joined.find(text, at, at + _AHEAD + len(text))) >= 0:
            number = bisect_right(begins, place) - 1
            if waiting and at <= begins[number]:
                lost.setdefault(number, []).extend(waiting)
            waiting, at, misses = [], place + len(text), 0
        else:
            misses += 1
            waiting = waiting if misses < _MISSES else []
    return list(_arranged(blocks, levels, lost)) if sum(map(len, lost.values())) > len(levels) else blocks


def _texts(tree: Any) -> Iterator[tuple[int, str]]:
    """The texts of a page outside of navigation, in order: headings with their level, others with 0."""
    from lxml import etree

    walk = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        text = element.text
        if event == "end":
            text = element.tail
        elif not tag or tag in _ASIDE:
            walk.skip_subtree()
            continue
        elif tag in _LEVELS:
            walk.skip_subtree()
            if title := " ".join("".join(element.itertext()).split()):
                yield _LEVELS[tag], title
            continue
        text = " ".join((text or "").split())
        if len(text) >= _TELLING:
            yield 0, text


def _kept(blocks: list[Block], begins: list[int], at: int, heading: str) -> int | None:
    """The number of the next block that is the heading; None if there is none."""
    for number in range(max(0, bisect_right(begins, at) - 1), len(blocks)):
        if begins[number] > at + _AHEAD:
            break
        if blocks[number].text == heading and begins[number] >= at:
            return number
    return None


def _arranged(
    blocks: list[Block], levels: dict[int, int], lost: dict[int, list[tuple[int, str]]]
) -> Iterator[Block]:
    """Blocks, and the lost headings before them; headings above each are those of the page."""
    outline = Outline()
    for number, block in enumerate(blocks):
        for level, text in lost.get(number, ()):
            yield Block(text, outline.open(level, text))
        if number in levels or block.headings[-1:] == (block.text,):
            outline.open(levels.get(number, len(block.headings) or 1), block.text)
        yield block._replace(headings=outline.headings)
