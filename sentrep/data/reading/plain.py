"""Plain text files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain

from sentrep.data.reading.decode import decode, unpack
from sentrep.data.reading.document import Fragment, Reading, Source, arranged, edge_of
from sentrep.data.reading.portions import PORTION, portions


def plain(source: Source, reading: Reading) -> Iterator[Fragment]:
    """A file is a document; or, with one sentence a line, what stands between blank lines is."""
    blocks = decode(unpack(source.path, source.name, reading.report), source.name, reading.report)
    start = next(blocks, "")
    while len(start) < 2 * PORTION and (more := next(blocks, "")):
        start += more
    layout = reading.layout(start, source.name)
    if layout == "lines":
        yield from _documents(source.stem, chain([start], blocks))
        return
    edge = edge_of(start, layout)
    begins = True
    for portion in portions(chain([start], blocks)):
        text = arranged(portion.text, layout, edge)
        if text.strip():
            yield Fragment(begins, source.stem, "", text, lines=False)
            begins = False


def _documents(stem: str, blocks: Iterable[str]) -> Iterator[Fragment]:
    number, begins = 0, True
    for portion in portions(blocks):
        documents = re.split(r"\n\s*\n", portion.text)
        for i, text in enumerate(documents):
            if text.strip():
                number += begins
                yield Fragment(begins, f"{stem}#{number}", "", text, lines=True)
                begins = False
            begins = begins or i < len(documents) - 1 or portion.ends_paragraph
