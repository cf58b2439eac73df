"""The formats of a corpus, each a generator of fragments of documents. Bad input is counted and named, never
fatal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from sentrep.data.reading.document import Fragment, Reading, Source, count_if_nothing

FORMATS = {
    ".txt": "txt",
    ".text": "txt",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".rst": "rst",
    ".pdf": "pdf",
    ".docx": "docx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
}
"""Formats by the ends of file names; each may have .gz or .zst behind it."""

READERS = {
    "txt": "plain:plain",
    "md": "markdown:markdown",
    "html": "html:html",
    "rst": "rst:rst",
    "pdf": "pdf:pdf",
    "docx": "docx:docx",
    "jsonl": "records:json_lines",
    "json": "json_array:json_array",
    "csv": "tables:table",
    "tsv": "tables:table",
    "parquet": "parquet:parquet",
}
"""Format -> module and function that reads it. Modules are imported when a file needs them."""

Reader = Callable[[Source, Reading], Iterator[Fragment]]


def fragments(source: Source, reading: Reading) -> Iterator[Fragment]:
    """Read one file."""
    module, _, function = READERS[source.format].partition(":")
    reader: Reader = getattr(import_module(f"sentrep.data.reading.{module}"), function)
    yield from count_if_nothing(reader(source, reading), source, reading)


def format_of(name: str) -> str:
    """The format that belongs to the end of a file's name, "" if none.

    >>> format_of("a.b.JSONL.gz"), format_of("picture.png"), format_of("README")
    ('jsonl', '', '')
    """
    return FORMATS.get(extension(name), "")


def extension(name: str) -> str:
    """The end of a file's name that says its format, in small letters.

    >>> extension("notes.MD.zst"), extension("README")
    ('.md', '')
    """
    name = name.lower()
    for packing in (".gz", ".zst"):
        name = name.removesuffix(packing)
    stem, dot, last = name.rpartition(".")
    return dot + last if stem else ""
