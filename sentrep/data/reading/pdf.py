"""PDF files, read by pypdf, page by page."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

from sentrep.data.reading.document import Fragment, Reading, Source, arranged, edge_of
from sentrep.data.reading.page_edges import without_edges
from sentrep.data.reading.portions import portions
from sentrep.data.reading.report import Kind
from sentrep.data.reading.whole import WHOLE, missing, read_whole


def pdf(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document. Lines that break at the margin are joined, also from page to page. Lines that
    repeat at the edges of pages are left out."""
    try:
        import pypdf
    except ImportError:
        missing(source, reading, "pypdf")
        return
    data = read_whole(source, reading, 4 * WHOLE)
    if data is None:
        return
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # damage is counted here
    try:
        reader = pypdf.PdfReader(io.BytesIO(data), strict=False)
        pages = len(reader.pages)
        title = str((reader.metadata or {}).get("/Title") or "")
    except Exception as error:  # pypdf raises errors of many kinds for a damaged file
        _damaged(source, reading, source.name, error)
        return
    inner = without_edges(list(_pages(reader, pages, source, reading)))
    reading.report.leave_out("page headers and footers", inner.removed)
    text = "\n".join(inner.pages)
    layout = reading.layout(text, source.name, printed=True)
    edge, begins = edge_of(text, layout), True
    for portion in portions([text]):
        part = arranged(portion.text, layout, edge)
        if part.strip():
            yield Fragment(begins, source.stem, " ".join(_clean(title).split()), part, layout == "lines")
            begins = False


def _pages(reader: Any, pages: int, source: Source, reading: Reading) -> Iterator[str]:
    for number in range(pages):
        try:
            yield _clean(reader.pages[number].extract_text())
        except Exception as error:
            _damaged(source, reading, f"{source.name}:page {number + 1}", error)


def _damaged(source: Source, reading: Reading, where: str, error: Exception) -> None:
    what = str(error).split("\n")[0] or type(error).__name__
    reading.report.problem(Kind.DAMAGED, where, what, characters=source.path.stat().st_size)


def _clean(text: str) -> str:
    """Text that can be written as UTF-8."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
