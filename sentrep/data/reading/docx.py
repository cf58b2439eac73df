"""DOCX files, read by python-docx: paragraphs, table cells, text boxes, footnotes. Headers and footers of
pages are left out and counted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sentrep.data.reading.document import Block, Fragment, Outline, Reading, Source, compose, row_texts
from sentrep.data.reading.layout import starts_low
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.data.reading.whole import WHOLE, missing, read_whole

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def docx(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Its title is its first paragraph of style "Title" or its first heading, or else
    the title among its properties."""
    try:
        import docx as library
    except ImportError:
        missing(source, reading, "python-docx")
        return
    data = read_whole(source, reading, 4 * WHOLE)
    if data is None:
        return
    try:
        if _unpacked_size(data) > 4 * WHOLE:
            what = f"unpacks to more than {4 * WHOLE:,} bytes; skipped"
            reading.report.problem(Kind.TOO_LARGE, source.name, what, characters=len(data))
            return
        document = library.Document(io.BytesIO(data))
        title, blocks = document.core_properties.title or "", _blocks(document, reading.report)
    except Exception as error:  # zip, XML and python-docx each have their own
        what = str(error).split("\n")[0] or type(error).__name__
        reading.report.problem(Kind.DAMAGED, source.name, what, characters=len(data))
        return
    if blocks and blocks[0].headings == (blocks[0].text,):
        title = blocks.pop(0).text
    yield from compose(source, title, blocks)


def _unpacked_size(data: bytes) -> int:
    """Bytes of the XML in the package; pictures are never unpacked."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        return sum(
            entry.file_size for entry in package.infolist() if entry.filename.endswith((".xml", ".rels"))
        )


class _Paragraph(NamedTuple):
    lines: list[str]
    """The text between line breaks."""
    level: int
    """1 for the title, 2 for headings of the first level, and so on; 0 for other text."""
    row: Any
    """The row of a table that it stands in, or None."""


def _blocks(document: Any, report: ReadReport) -> list[Block]:
    levels = {style.style_id: _level(style) for style in document.styles}
    outline = Outline()
    blocks = list(_read(document.element.body, levels, outline))
    for part in document.part.package.iter_parts():
        name = str(part.partname)
        if name.startswith(("/word/footnotes", "/word/endnotes")):
            blocks += _read(_root(part), levels, outline)
        elif name.startswith(("/word/header", "/word/footer")):
            report.leave_out("page headers and footers", _size(_root(part)))
    return blocks


def _read(root: Any, levels: dict[str, int], outline: Outline) -> Iterator[Block]:
    """The blocks below an element; a row of a table is one, unless its cells hold sentences."""
    paragraphs = _paragraphs(root, levels)
    for (row, level), together in groupby(paragraphs, key=lambda each: (each.row, each.level)):
        if row is not None and not level:
            texts = row_texts(line for paragraph in together for line in _joined(paragraph.lines))
            yield from (Block(text, outline.headings) for text in texts)
            continue
        for paragraph in together:
            if level:
                text = " ".join(paragraph.lines)
                yield Block(text, outline.open(level, text))
            else:
                yield from (Block(line, outline.headings) for line in _joined(paragraph.lines))


def _paragraphs(root: Any, levels: dict[str, int]) -> Iterator[_Paragraph]:
    for paragraph in root.iter(f"{_W}p"):
        if any(above.tag == _FALLBACK for above in paragraph.iterancestors()):
            continue  # the same text box once more, for old programs
        lines = [" ".join(part.split()) for part in _text(paragraph).split("\n")]
        lines = list(filter(None, lines))
        if lines:
            style = paragraph.find(f"{_W}pPr/{_W}pStyle")
            level = levels.get(style.get(f"{_W}val"), 0) if style is not None else 0
            yield _Paragraph(lines, level, next(paragraph.iterancestors(f"{_W}tr"), None))


def _joined(lines: list[str]) -> Iterator[str]:
    """The lines of a paragraph, those within a sentence joined."""
    held = ""
    for line in lines:
        if held and not starts_low(line):
            yield held
            held = line
        else:
            held = f"{held} {line}".strip()
    yield held


def _text(paragraph: Any) -> str:
    """The text of a paragraph without that of paragraphs within it (text boxes), and without what was moved
    to another place."""
    signs = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
    parts = []
    for node in paragraph.iter(f"{_W}t", _MATH, *signs):
        above = next(node.iterancestors(f"{_W}p", f"{_W}moveFrom"))
        if above is paragraph:
            parts.append(signs.get(node.tag) or node.text or "")
    return "".join(parts)


def _level(style: Any) -> int:
    """1 for the title, 2 for headings of the first level, and so on; 0 for other styles. A style without a
    level has that of the style that it is based on."""
    seen = set[str]()
    while style is not None and style.style_id not in seen:
        seen.add(style.style_id)
        kind, _, number = (style.name or "").partition(" ")
        if style.name == "Title":
            return 1
        if kind.lower() == "heading" and number.isdecimal():
            return int(number) + 1
        own = style.element.find(f"{_W}pPr/{_W}outlineLvl")
        if own is not None:
            level = int(own.get(f"{_W}val", "9"))
            return level + 2 if level < 9 else 0
        style = getattr(style, "base_style", None)
    return 0


def _root(part: Any) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return part.element if hasattr(part, "element") else etree.fromstring(part.blob, parser)


def _size(root: Any) -> int:
    return sum(len(node.text or "") for node in root.iter(f"{_W}t"))
