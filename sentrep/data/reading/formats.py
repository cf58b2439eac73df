"""The formats of a corpus, each a generator of fragments of documents. Bad input is counted and named, never
fatal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.decode import decode, lines, unpack
from sentrep.data.reading.layout import PORTION, portions, recognise, unwrap
from sentrep.data.reading.records import LONGEST, Fragment, Source, json_lines, parquet, table
from sentrep.data.reading.report import Kind, ReadReport

FORMATS = {
    ".txt": "txt",
    ".md": "md",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
"""Formats by the ends of file names; each may have .gz or .zst behind it."""

_LIST_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*$")
_FENCE = re.compile(r"\s*(```+|~~~+)")


def fragments(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """Read one file."""
    read: dict[str, Callable[[Source, CorpusConfig, ReadReport], Iterator[Fragment]]] = {
        "txt": _plain,
        "md": _markdown,
        "jsonl": json_lines,
        "csv": table,
        "tsv": table,
        "parquet": parquet,
    }
    return read[source.format](source, config, report)


def _plain(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """A file is a document; or, with one sentence a line, what stands between blank lines is."""
    blocks = decode(unpack(source.path, source.name, report), source.name, report)
    start = next(blocks, "")
    while len(start) < 2 * PORTION and (more := next(blocks, "")):
        start += more
    shape = "lines" if config.split == "lines" else recognise(start)
    if shape == "lines" and config.split != "prose":
        yield from _lines(source.stem, chain([start], blocks))
        return
    begins = True
    for portion in portions(chain([start], blocks)):
        text = unwrap(portion.text) if shape == "wrapped" else portion.text.replace("\n", "\n\n")
        if text.strip():
            yield Fragment(begins, source.stem, "", text, lines=False)
            begins = False


def _lines(stem: str, blocks: Iterable[str]) -> Iterator[Fragment]:
    number, begins = 0, True
    for portion in portions(blocks):
        documents = re.split(r"\n\s*\n", portion.text)
        for i, text in enumerate(documents):
            if text.strip():
                number += begins
                yield Fragment(begins, f"{stem}#{number}", "", text, lines=True)
                begins = False
            begins = begins or i < len(documents) - 1 or portion.ends_paragraph


def _markdown(source: Source, config: CorpusConfig, report: ReadReport) -> Iterator[Fragment]:
    """A file is a document, its first heading the title. Fenced code is left out, and so are the marks of
    headings."""
    title, fence = "", ""

    def prose() -> Iterator[str]:
        nonlocal title, fence
        for line in lines(decode(unpack(source.path, source.name, report), source.name, report), LONGEST):
            if line.text is None:
                report.problem(Kind.TOO_LARGE, f"{source.name}:{line.number}", "skipped")
                continue
            mark = _FENCE.match(line.text)
            heading = _HEADING.match(line.text)
            if fence:
                fence = "" if mark and mark[1].startswith(fence) else fence
            elif mark:
                fence = mark[1]
            elif heading and not title:
                title = heading[1]
            elif heading:
                yield f"\n\n{heading[1]}\n\n"
            else:
                yield "\n\n" * bool(_LIST_ITEM.match(line.text)) + line.text + "\n"

    begins = True
    for portion in portions(prose()):
        text = unwrap(portion.text)
        if text.strip():
            yield Fragment(begins, source.stem, title, text, lines=False)
            begins = False
