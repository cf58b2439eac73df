"""Trees of HTML, or of what trafilatura makes of it, to blocks of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sentrep.data.reading.document import Block, Outline, row_texts
from sentrep.data.reading.layout import starts_low

_SKIPPED = frozenset(
    ["script", "style", "template", "noscript", "nav", "footer", "aside", "iframe", "svg", "button", "select"]
)
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "hi",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "ref",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "graphic",
        "img",
    ]
)
BREAK = "\x1f"


class HtmlWalk:
    """A tree of HTML, or of trafilatura's (TEI), to blocks."""

    def __init__(self) -> None:
        self.code = 0
        """Characters of code that was left out."""
        self._outline = Outline()
        self._buffer: list[str] = []
        self._cells: list[str] | None = None

    def blocks(self, root: Any) -> Iterator[Block]:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            tag = element.tag if isinstance(element.tag, str) else ""
            if event == "start":
                if not tag or _is_skipped(element, tag) or _is_code(element, tag):
                    self.code += length(_text(element)) if _is_code(element, tag) else 0
                    walk.skip_subtree()
                    continue
                yield from self._start(tag, element)
            else:
                if tag and not _is_skipped(element, tag) and not _is_code(element, tag):
                    yield from self._end(tag, element)
                elif tag:
                    yield from self._flush()
                if element is not root:
                    self._buffer.append(element.tail or "")
        yield from self._flush()

    def _start(self, tag: str, element: Any) -> Iterator[Block]:
        if tag in ("br", "lb"):
            self._buffer.append(BREAK)
        elif tag not in _INLINE:
            yield from self._flush()
        if tag in ("tr", "row"):
            yield from self._row()
            self._cells = []
        self._buffer.append(element.text or "")

    def _end(self, tag: str, element: Any) -> Iterator[Block]:
        level = _level(tag, element)
        if level:
            text = " ".join("".join(self._buffer).replace(BREAK, " ").split())
            self._buffer.clear()
            if text:
                yield Block(text, self._outline.open(level, text))
        elif tag not in _INLINE and tag not in ("br", "lb"):
            yield from self._flush()
        if tag in ("tr", "row"):
            yield from self._row()

    def _flush(self) -> Iterator[Block]:
        text = _joined("".join(self._buffer))
        self._buffer.clear()
        for part in text.split(BREAK):
            if part and self._cells is not None:
                self._cells.append(part)
            elif part:
                yield Block(part, self._outline.headings)

    def _row(self) -> Iterator[Block]:
        cells, self._cells = self._cells, None
        for text in row_texts(cells or []):
            yield Block(text, self._outline.headings)


def _level(tag: str, element: Any) -> int:
    """1 to 6 for a heading, else 0."""
    name = element.get("rend", "h2") if tag == "head" else tag
    return int(name[1]) if re.fullmatch("h[1-6]", name) else 0


def _is_skipped(element: Any, tag: str) -> bool:
    """Whether an element holds no content. (In trafilatura's trees "head" is a heading.)"""
    return tag in _SKIPPED or (tag == "head" and not element.get("rend"))


def _is_code(element: Any, tag: str) -> bool:
    """Whether an element is a block of code; code within a sentence is text."""
    if tag != "code":
        return False
    parent = element.getparent()
    return "\n" in _text(element).strip() or (parent is not None and parent.tag == "body")


def _text(element: Any) -> str:
    return "".join(element.itertext()) if isinstance(element.tag, str) else ""


def _joined(text: str) -> str:
    """White space folded. A line break within a sentence is a space."""
    parts = [" ".join(part.split()) for part in text.split(BREAK)]
    joined = parts[0]
    for part in filter(None, parts[1:]):
        joined += (" " if starts_low(part) else BREAK) + part if joined else part
    return joined


def length(text: str) -> int:
    """Characters, white space folded."""
    return len(" ".join(text.split()))
