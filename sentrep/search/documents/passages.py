"""Documents and their passages, and how a segment of an index keeps them on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from sentrep.utils.arrays import mapped
from sentrep.utils.files import to_disk
from sentrep.utils.strings import Strings

DOCUMENTS, HEADINGS, SPANS = "documents", "headings", "spans.npy"
FILES = (
    f"{DOCUMENTS}.utf8",
    f"{DOCUMENTS}.offsets.npy",
    f"{HEADINGS}.utf8",
    f"{HEADINGS}.offsets.npy",
    SPANS,
)
"""Files of a segment, besides the texts, which the vector index keeps."""


@dataclass(frozen=True)
class Passage:
    """A part of a document: whole sentences below one heading."""

    text: str
    start: int = 0
    """First character in the document's text."""
    end: int = 0
    """One past the last character."""
    headings: tuple[str, ...] = ()
    """The headings that it stands below, outermost first."""


@dataclass(frozen=True)
class Document:
    """What is known of a document besides its text."""

    id: str
    title: str = ""
    file: str = ""
    """Where it was read from, or empty."""
    digest: str = ""
    """Content hash of the file, which tells whether it has changed."""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Further columns or fields of its record."""


def context(document: Document, passage: Passage) -> str:
    """The text that is searched: title and headings, then the passage.

    >>> context(Document("a", "Cooking"), Passage("Boil it.", headings=("Cooking", "Rice")))
    'Cooking. Rice. Boil it.'
    """
    titles = dict.fromkeys(part for part in (document.title, *passage.headings) if part)
    return ". ".join([*titles, passage.text])


class PassageStore:
    """The documents and passages of one segment, memory-mapped.

    Args:
        folder: where `write` put the files.
        count: passages in the segment.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._spans = mapped(folder / SPANS, (count, 3), "int64")
        documents = int(self._spans[-1, 0]) + 1 if count else 0
        self._documents = Strings(folder, DOCUMENTS, documents)
        self._headings = Strings(folder, HEADINGS, count)
        self._parsed = lru_cache(maxsize=1024)(self._parse)

    def __len__(self) -> int:
        return len(self._spans)

    def document(self, row: int) -> Document:
        """The document of a passage."""
        return self._parsed(int(self._spans[row, 0]))

    def span(self, row: int) -> tuple[int, int]:
        """First character of a passage in its document's text, and one past the last."""
        return int(self._spans[row, 1]), int(self._spans[row, 2])

    def headings(self, row: int) -> tuple[str, ...]:
        return tuple(json.loads(self._headings[row]))

    def neighbours(self, row: int) -> tuple[int | None, int | None]:
        """Rows of the previous and the next passage of the same document."""
        own = self._spans[row, 0]
        before = row - 1 if row and self._spans[row - 1, 0] == own else None
        after = row + 1 if row + 1 < len(self) and self._spans[row + 1, 0] == own else None
        return before, after

    @cached_property
    def documents(self) -> list[Document]:
        """All documents, in the order of their passages."""
        return [self._parsed(number) for number in range(len(self._documents))]

    def rows_of(self, document: int) -> range:
        """Rows of the passages of the document with this number."""
        first, last = np.searchsorted(self._spans[:, 0], [document, document + 1])
        return range(int(first), int(last))

    def _parse(self, number: int) -> Document:
        return Document(**json.loads(self._documents[number]))

    @staticmethod
    def write(folder: Path, documents: Iterable[tuple[Document, Sequence[Passage]]]) -> int:
        """Write documents, each with its passages, into `folder`; returns the number of passages."""
        described: list[str] = []
        headings: list[str] = []
        spans: list[tuple[int, int, int]] = []
        for document, passages in documents:
            if passages:
                spans += [(len(described), passage.start, passage.end) for passage in passages]
                headings += [json.dumps(passage.headings, ensure_ascii=False) for passage in passages]
                described.append(json.dumps(vars(document) | {"fields": dict(document.fields)}))
        Strings.write(folder, DOCUMENTS, described)
        Strings.write(folder, HEADINGS, headings)
        with (folder / SPANS).open("wb") as file:
            np.save(file, np.array(spans, np.int64).reshape(-1, 3), allow_pickle=False)
            to_disk(file)
        return len(spans)
