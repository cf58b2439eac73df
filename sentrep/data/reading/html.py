"""HTML files: the main content, found by trafilatura; navigation, scripts and the like are counted.

Where trafilatura finds next to nothing (short pages, pages without prose) everything is taken that lxml
reads as text, save scripts, navigation and footers.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

from sentrep.data.reading.decode import decode
from sentrep.data.reading.document import (
    Block,
    Fragment,
    Outline,
    Reading,
    Source,
    compose,
    reads_as_prose,
    row_texts,
)
from sentrep.data.reading.layout import starts_low
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.whole import read_whole

LITTLE = 250
"""Characters of main content that trafilatura needs to be sure of its choice."""

DEEPEST = 200
"""Depth of a tree that is handed to trafilatura."""

_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)
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
_BREAK = "\x1f"


def html(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Its title is its title element, or else its first heading."""
    data = read_whole(source, reading)
    if data is None:
        return
    encoding = _encoding(data)
    text = "".join(decode(iter([data]), source.name, reading.report, encoding)).replace(_BREAK, " ")
    tree = _parsed(text)
    if tree is None:
        return
    everything = _length("".join(tree.itertext()))
    reading.report.leave_out("HTML tags", max(0, _length(text) - everything))
    _without_code(tree, reading.report)
    title = " ".join("".join(tree.xpath("//title[1]//text()")).split())
    blocks = _main_blocks(tree, reading.report)
    if blocks and blocks[0].headings == (blocks[0].text,) and (not title or title.startswith(blocks[0].text)):
        first = blocks.pop(0).text
        title = title or first
    yield from compose(source, title, blocks)


def _encoding(data: bytes) -> str | None:
    """UTF-8 if the bytes are; else the encoding that the page declares."""
    with suppress(UnicodeDecodeError):
        data.decode()
        return None
    declared = _CHARSET.search(data[:4096])
    name = declared[1].decode().lower() if declared else "utf-8"
    name = "cp1252" if name in ("iso-8859-1", "latin-1", "latin1", "us-ascii", "ascii") else name
    with suppress(LookupError):
        if codecs.lookup(name)._is_text_encoding:  # no "rot13", no "zip"
            codecs.getincrementaldecoder(name)("replace")
            return name
    return None


def _parsed(text: str) -> Any:
    """The tree of a page; None where there is nothing in it."""
    from lxml import etree
    from lxml import html as lxml_html

    parser = lxml_html.HTMLParser(encoding="utf-8", huge_tree=True)
    try:
        return lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError):
        return None


def _without_code(tree: Any, report: ReadReport) -> None:
    """Remove preformatted text; what of it reads as prose becomes a paragraph."""
    for element in tree.xpath("//pre"):
        text = element.text_content()
        if reads_as_prose(text):
            element.tag = "p"
        elif element.getparent() is not None:
            report.leave_out("code", _length(text))
            element.drop_tree()


def _main_blocks(tree: Any, report: ReadReport) -> list[Block]:
    """The blocks of the main content; all else is counted."""
    everything = _length("".join(tree.itertext()))
    scripts = _length("".join(map(str, tree.xpath("//script//text() | //style//text()"))))
    walk = _Walk()
    blocks = list(walk.blocks(main)) if (main := _main(tree)) is not None else []
    if sum(len(block.text) for block in blocks) < LITTLE:
        walk = _Walk()
        blocks = list(walk.blocks(tree))
    taken = walk.code + sum(_length(block.text) for block in blocks)
    report.leave_out("code", walk.code)
    report.leave_out("comments and scripts", scripts)
    report.leave_out("navigation and other boilerplate", max(0, everything - scripts - taken))
    return blocks


def _main(tree: Any) -> Any:
    """The body that trafilatura takes for the main content; None if it finds none."""
    if _depth(tree) > DEEPEST:
        return None
    try:
        import trafilatura

        found = trafilatura.bare_extraction(
            deepcopy(tree),
            favor_recall=True,
            include_comments=False,
            include_tables=True,
            include_formatting=True,
        )
    except Exception:  # whatever a stranger's page provokes there: the plain text is read instead
        return None
    return None if found is None else found.body


class _Walk:
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
                    self.code += _length(_text(element)) if _is_code(element, tag) else 0
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
            self._buffer.append(_BREAK)
        elif tag not in _INLINE:
            yield from self._flush()
        if tag in ("tr", "row"):
            yield from self._row()
            self._cells = []
        self._buffer.append(element.text or "")

    def _end(self, tag: str, element: Any) -> Iterator[Block]:
        level = _level(tag, element)
        if level:
            text = " ".join("".join(self._buffer).replace(_BREAK, " ").split())
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
        for part in text.split(_BREAK):
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
    parts = [" ".join(part.split()) for part in text.split(_BREAK)]
    joined = parts[0]
    for part in filter(None, parts[1:]):
        joined += (" " if starts_low(part) else _BREAK) + part if joined else part
    return joined


def _length(text: str) -> int:
    """Characters, white space folded."""
    return len(" ".join(text.split()))


def _depth(tree: Any) -> int:
    from lxml import etree

    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
