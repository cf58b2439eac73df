"""DOCX files, read by python-docx: paragraphs, table cells, text boxes, footnotes. Headers and footers of
pages are left out and counted."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from sentrep.data.reading.document import Block, Fragment, Outline, Reading, Source, compose
from sentrep.data.reading.layout import starts_low
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.data.reading.whole import WHOLE, missing, read_whole

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
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


def _blocks(document: Any, report: ReadReport) -> list[Block]:
    styles = {style.style_id: style.name or "" for style in document.styles}
    outline = Outline()
    blocks = list(_paragraphs(document.element.body, styles, outline))
    for part in document.part.package.iter_parts():
        name = str(part.partname)
        if name.startswith(("/word/footnotes", "/word/endnotes")):
            blocks += _paragraphs(_root(part), styles, outline)
        elif name.startswith(("/word/header", "/word/footer")):
            report.leave_out("page headers and footers", _size(_root(part)))
    return blocks


def _paragraphs(root: Any, styles: dict[str, str], outline: Outline) -> Iterator[Block]:
    for paragraph in root.iter(f"{_W}p"):
        if any(above.tag == _FALLBACK for above in paragraph.iterancestors()):
            continue  # the same text box once more, for old programs
        parts = [" ".join(part.split()) for part in _text(paragraph).split("\n")]
        text = "\n\n".join(filter(None, parts))
        if not text:
            continue
        style = paragraph.find(f"{_W}pPr/{_W}pStyle")
        level = _level(styles.get(style.get(f"{_W}val"), "") if style is not None else "")
        if level:
            text = " ".join(text.split())
            yield Block(text, outline.open(level, text))
        else:
            yield from (Block(part, outline.headings) for part in _lines(text))


def _lines(text: str) -> Iterator[str]:
    """The lines of a paragraph, those within a sentence joined."""
    held = ""
    for line in text.split("\n\n"):
        if held and not starts_low(line):
            yield held
            held = line
        else:
            held = f"{held} {line}".strip()
    yield held


def _text(paragraph: Any) -> str:
    """The text of a paragraph without that of paragraphs within it (text boxes)."""
    signs = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
    parts = []
    for node in paragraph.iter(f"{_W}t", *signs):
        if next(node.iterancestors(f"{_W}p")) is paragraph:
            parts.append(signs.get(node.tag) or node.text or "")
    return "".join(parts)


def _level(style: str) -> int:
    """1 for the title, 2 for headings of the first level, and so on; 0 for other styles."""
    kind, _, number = style.partition(" ")
    if style == "Title":
        return 1
    return int(number) + 1 if kind.lower() == "heading" and number.isdecimal() else 0


def _root(part: Any) -> Any:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return part.element if hasattr(part, "element") else etree.fromstring(part.blob, parser)


def _size(root: Any) -> int:
    return sum(len(node.text or "") for node in root.iter(f"{_W}t"))
