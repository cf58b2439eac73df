"""What the readers of all formats share: the file to read, the state of a reading, and parts of documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.decode import unpack
from sentrep.data.reading.ids import Ids
from sentrep.data.reading.layout import ENDED, NAMES, Layout, margin, recognise
from sentrep.data.reading.portions import PORTION, portions
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.data.reading.wrapping import unwrap

LIMIT = 64 << 20
"""Characters (bytes in Parquet files) in the largest value that is read: a line, a record's text, or a file
that has to be held as a whole. A larger one is skipped and counted."""


RECORDS = frozenset(["jsonl", "json", "csv", "tsv", "parquet"])
"""Formats of which each row or object is a document."""


@dataclass(frozen=True)
class Source:
    """A file to read."""

    path: Path
    name: str
    """What the user calls it; reports speak of it so."""
    id: str
    """Its part in the ids of documents: its path below the folder that was given."""
    format: str
    named: bool
    """Whether the user named this very file: then a missing column is an error, not a file to skip."""
    packing: bool = False
    """Whether ids keep .gz or .zst at the end, to differ from those of another file."""

    @property
    def stem(self) -> str:
        """The id of a document that is a whole file."""
        return self.id if self.packing else without_packing(self.id)


def without_packing(name: str) -> str:
    """A name without .gz or .zst at its end."""
    return name.removesuffix(".gz").removesuffix(".zst")


class Fragment(NamedTuple):
    """A part of a document; `begins` marks its first."""

    begins: bool
    id: str
    title: str
    text: str
    lines: bool
    headings: tuple[str, ...] = ()
    """The headings that the text stands under, outermost first."""
    fields: tuple[tuple[str, str], ...] = ()
    """Names and values of further fields of the record."""
    code: bool = False
    """Whether it is a block of code, between fences."""


class Block(NamedTuple):
    """A paragraph, heading, list item, table row or block of code of a document with structure.

    A heading is the first block of its own section: its text is also the last of its `headings`.
    """

    text: str
    headings: tuple[str, ...] = ()
    code: bool = False


class Outline:
    """The headings above the present place of a document.

    >>> outline = Outline()
    >>> outline.open(1, "Plan"), outline.open(2, "Food"), outline.open(2, "Tents")
    (('Plan',), ('Plan', 'Food'), ('Plan', 'Tents'))
    """

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def open(self, level: int, text: str) -> tuple[str, ...]:
        """Begin a section; its headings, its own the last."""
        self._open = [*(one for one in self._open if one[0] < level), (level, text)]
        return self.headings

    @property
    def headings(self) -> tuple[str, ...]:
        """The present headings, outermost first."""
        return tuple(text for _, text in self._open)


@dataclass(frozen=True)
class Reading:
    """One pass over a corpus: how to read, where to count, and which ids have occurred."""

    config: CorpusConfig
    report: ReadReport
    ids: Ids = field(default_factory=Ids)
    code: bool = False
    """Whether blocks of code are kept; else they are left out and counted."""

    def layout(self, text: str, where: str, printed: bool = False) -> Layout:
        """The layout of a text whose beginning is given: the one that `split` names, or the one it seems to
        have, which is recorded. `printed`: the lines are those of a printed page."""
        split = self.config.split
        if split in ("lines", "wrapped", "paragraphs"):
            return split
        layout = recognise(text, printed)
        if split == "prose" and layout == "lines":
            layout = "paragraphs"
        if split == "auto" and "\n" in text.strip("\n").replace("\n\n", ""):
            self.report.assume(NAMES[layout], where)
        return layout


def arranged(text: str, layout: Layout, edge: int = 0) -> str:
    """Text in which each paragraph is a line, with blank lines between them (or none, for sentences)."""
    if layout == "wrapped":
        return unwrap(text, edge)
    return text if layout == "lines" else text.replace("\n", "\n\n")


def edge_of(text: str, layout: Layout) -> int:
    """The margin of hard-wrapped text, for `arranged`; 0 for other layouts."""
    return margin(text.split("\n")) if layout == "wrapped" else 0


def has_letter(text: str) -> bool:
    """Whether a text has a letter or a digit.

    >>> has_letter("?!"), has_letter("a?")
    (False, True)
    """
    return text[:1].isalnum() or any(map(str.isalnum, text))


def letters(text: str) -> int:
    """Letters and digits of a text."""
    return sum(map(str.isalnum, text))


def reads_as_prose(content: str) -> bool:
    """Whether preformatted text reads as prose rather than code.

    >>> reads_as_prose("He went home and\\nslept until noon.\\n"), reads_as_prose("x = f(1)\\nreturn x\\n")
    (True, False)
    """
    words = content.split()
    plain = sum(word.strip("""'"“”‘’.,;:!?()—-""").isalpha() for word in words)
    signs = sum(content.count(sign) for sign in "=<>{}[]\\|$#@%^&*_/`~")
    return len(words) >= 4 and plain >= 0.85 * len(words) and signs == 0 and "()" not in content


def row_texts(cells: Iterable[str]) -> list[str]:
    """The texts of a table's row: one, or one for each cell where cells hold sentences.

    >>> row_texts(["speed", "20 km/h"]), row_texts(["He came in late.", "She left."])
    (['speed 20 km/h'], ['He came in late.', 'She left.'])
    """
    texts = [" ".join(cell.split()) for cell in cells if cell.strip()]
    prose = any(ENDED.search(text) and len(text.split()) > 3 for text in texts)
    return texts if prose or not texts else [" ".join(texts)]


def compose(source: Source, title: str, blocks: Iterable[Block]) -> Iterator[Fragment]:
    """The fragments of a document that is a file: blocks under the same headings together, in portions.

    The title of a document without text is its text."""
    begins = True
    for (headings, code), together in groupby(
        _bounded(blocks), key=lambda block: (block.headings, block.code)
    ):
        texts = (block.text for block in together)
        for text in map(_fenced, texts) if code else _together(texts):
            if text:
                yield Fragment(begins, source.stem, title, text, False, headings, code=code)
                begins = False
    if begins and title:
        yield Fragment(True, source.stem, "", title, False)


def count_if_nothing(fragments: Iterable[Fragment], source: Source, reading: Reading) -> Iterator[Fragment]:
    """The fragments of a file; one without any letter is counted."""
    before = reading.report.problems.total()
    seen = some = False
    for fragment in fragments:
        seen, some = True, some or has_letter(fragment.text)
        yield fragment
    if not some and (seen or reading.report.problems.total() == before) and source.path.exists():
        if seen or (
            source.format not in RECORDS and next(unpack(source.path, source.name, ReadReport()), b"")
        ):
            reading.report.problem(Kind.NO_LETTER, source.name, "nothing to read in it")
        else:
            what = "no rows in it" if source.format in RECORDS else "nothing in it"
            reading.report.problem(Kind.EMPTY_FILE, source.name, what)


def _together(texts: Iterable[str]) -> Iterator[str]:
    return (portion.text.strip() for portion in portions(f"{text}\n\n" for text in texts))


def _fenced(code: str) -> str:
    """Code between fences, as in Markdown; its own fences, if it has any, are other ones."""
    code = code.strip("\n").rstrip()
    fence = "~~~" if "```" in code else "```"
    return f"{fence}\n{code}\n{fence}" if code else ""


def _bounded(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        if len(block.text) <= PORTION:
            yield block
        else:
            yield from (block._replace(text=portion.text) for portion in portions([block.text]))
