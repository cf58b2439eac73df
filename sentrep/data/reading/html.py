"""HTML files: the main content, found by trafilatura; navigation, scripts and the like are counted.

Where trafilatura finds next to nothing (short pages, pages without prose) everything is taken that lxml
reads as text, save scripts, navigation and footers. Blocks of code are left out, unless they are asked for:
then a mark takes the place of each while the main content is looked for.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import accumulate
from typing import Any

from sentrep.data.reading.decode import decode
from sentrep.data.reading.document import (
    Block,
    Fragment,
    Reading,
    Source,
    compose,
    reads_as_prose,
)
from sentrep.data.reading.html_marks import with_headings, without_marks
from sentrep.data.reading.html_tree import BREAK, HtmlWalk, length
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.whole import read_whole
from sentrep.utils.errors import PARSER_FAULTS

LITTLE = 250
"""Fewer characters of main content are not used; all readable text of the page is used instead."""

DEEPEST = 200
"""Depth of a tree that is handed to trafilatura."""

_TEXTS_BEFORE = 10
"""Texts before a block of code that are looked for, to find its place."""
_TELLING = 12
"""Characters of a text that is not elsewhere on the page, at least."""
_CODE_MARK = re.compile(r"⟦block of code (\d+)⟧")
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]*?(?:charset|encoding)\s*=\s*["']?([\w.:-]+)""", re.IGNORECASE
)


def html(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Its title is its title element, or else its first heading."""
    data = read_whole(source, reading)
    if data is None:
        return
    encoding = _encoding(data)
    text = "".join(decode(iter([data]), source.name, reading.report, encoding)).replace(BREAK, " ")
    tree = _parsed(text)
    if tree is None:
        return
    everything = length("".join(tree.itertext()))
    reading.report.leave_out("HTML tags", max(0, length(text) - everything))
    reading.report.leave_out("navigation and other boilerplate", without_marks(tree))
    codes = _without_code(tree, reading)
    title = " ".join("".join(tree.xpath("//title[1]//text()")).split())
    blocks = list(_with_code(_main_blocks(tree, reading.report), codes))
    blocks = _restored(blocks, codes, tree) if codes else blocks
    reading.report.leave_out("code", sum(map(length, codes.values())))
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
    with suppress(LookupError, UnicodeError):  # "undefined" is a codec that decodes nothing
        if codecs.lookup(name)._is_text_encoding:  # no "rot13", no "zip"
            codecs.getincrementaldecoder(name)("replace").decode(data, final=True)
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


def _without_code(tree: Any, reading: Reading) -> dict[int, str]:
    """Remove preformatted text; what of it reads as prose becomes a paragraph.

    Returns:
        Blocks of code that are kept, by the number in the mark that stands in their place.
    """
    codes: dict[int, str] = {}
    for element in tree.xpath("//pre"):
        text = element.text_content()
        if reads_as_prose(text):
            element.tag = "p"
        elif element.getparent() is None:
            continue
        elif reading.code and text.strip():
            for child in list(element):
                element.remove(child)
            element.tag, element.text = "p", f"⟦block of code {len(codes)}⟧"
            codes[len(codes)] = text
        else:
            reading.report.leave_out("code", length(text))
            element.drop_tree()
    return codes


def _with_code(blocks: list[Block], codes: dict[int, str]) -> Iterator[Block]:
    """Blocks with code instead of its marks; code that was put back is taken out of `codes`."""
    for block in blocks:
        for number, part in enumerate(_CODE_MARK.split(block.text)):
            if number % 2 and int(part) in codes:
                yield block._replace(text=codes.pop(int(part)), code=True)
            elif number % 2 == 0 and part.strip():
                yield block._replace(text=part.strip())


def _restored(blocks: list[Block], codes: dict[int, str], tree: Any) -> list[Block]:
    """Blocks with the code that trafilatura took for boilerplate, each behind the last text before it that is
    in the blocks; what is put back is taken out of `codes`."""
    joined = "\n".join(block.text for block in blocks)
    begins = list(accumulate((len(block.text) + 1 for block in blocks), initial=0))
    behind: dict[int, list[Block]] = {}
    before: deque[str] = deque(maxlen=_TEXTS_BEFORE)
    for text in (" ".join(each.split()) for each in tree.itertext()):
        mark = _CODE_MARK.fullmatch(text)
        if mark is None:
            before.extend([text] if len(text) >= _TELLING else [])
        elif int(mark[1]) in codes:
            places = (joined.find(each) for each in reversed(before))
            place = next((place for place in places if place >= 0), None)
            if place is not None:
                number = bisect_right(begins, place) - 1
                code = Block(codes.pop(int(mark[1])), blocks[number].headings, code=True)
                behind.setdefault(number, []).append(code)
    return [one for number, block in enumerate(blocks) for one in (block, *behind.get(number, []))]


def _main_blocks(tree: Any, report: ReadReport) -> list[Block]:
    """The blocks of the main content; all else is counted."""
    for summary in tree.iter("summary"):  # trafilatura loses them
        summary.tag = "div"
    everything = length("".join(tree.itertext()))
    scripts = length("".join(map(str, tree.xpath("//script//text() | //style//text()"))))
    walk = HtmlWalk()
    blocks = with_headings(list(walk.blocks(main)), tree) if (main := _main(tree)) is not None else []
    if sum(len(block.text) for block in blocks) < LITTLE:
        walk = HtmlWalk()
        blocks = list(walk.blocks(tree))
    taken = walk.code + sum(length(block.text) for block in blocks)
    report.leave_out("code", walk.code)
    report.leave_out("comments and scripts", scripts)
    report.leave_out("navigation and other boilerplate", max(0, everything - scripts - taken))
    return blocks


def _main(tree: Any) -> Any:
    """The body that trafilatura takes for the main content; None if it finds none."""
    if _depth(tree) > DEEPEST:
        return None
    import trafilatura
    from lxml import etree

    try:
        found = trafilatura.bare_extraction(
            deepcopy(tree),
            favor_recall=True,
            include_comments=False,
            include_tables=True,
            include_formatting=True,
        )
    except (etree.LxmlError, *PARSER_FAULTS):  # the plain text is read instead
        return None
    return None if found is None else found.body


def _depth(tree: Any) -> int:
    from lxml import etree

    depth = deepest = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        deepest = max(deepest, depth)
    return deepest
