"""The text that candidates are fitted to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sentrep.data.documents import SourceDocument
from sentrep.inference.units import Units
from sentrep.search.documents.passages import Document, context


@dataclass(frozen=True)
class Text:
    """Documents, and the same as a file.

    The title of a document is its first sentence, because a search reads it with each passage.
    """

    documents: Sequence[SourceDocument]
    units: Units
    """What is searched."""
    file: Path
    """JSON lines, a document with its sentences each."""

    @classmethod
    def write(cls, documents: Sequence[SourceDocument], units: Units, file: Path) -> Text:
        """Write the file."""
        with file.open("w", encoding="utf-8", errors="replace") as out:
            for document in documents:
                record = {"id": document.id, "text": sentences_of(document)}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        return cls(documents, units, file)

    @cached_property
    def passages(self) -> list[str]:
        """The texts that a search reads: passages with titles and headings."""
        return [
            context(Document(document.id, document.title), passage)
            for document in self.documents
            for passage in self.units.of(document)
        ]

    @cached_property
    def sentences(self) -> int:
        """How many sentences there are."""
        return sum(len(sentences_of(document)) for document in self.documents)

    @cached_property
    def characters(self) -> int:
        """Number of characters of all documents."""
        return sum(len(document.title) + len(document.text) for document in self.documents)


def sentences_of(document: SourceDocument) -> list[str]:
    """The title of a document, if it has one, and its sentences."""
    return [document.title, *document.sentences] if document.title else document.sentences
