"""The text that candidates are fitted to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sentrep.data.documents import SourceDocument
from sentrep.inference.units import Units


@dataclass(frozen=True)
class Text:
    """Documents, and the same as a file."""

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
                record = {"id": document.id, "title": document.title, "text": document.sentences}
                out.write(json.dumps(record, ensure_ascii=False) + "\n")
        return cls(documents, units, file)

    @cached_property
    def passages(self) -> list[str]:
        """The texts that a search finds."""
        return [passage.text for document in self.documents for passage in self.units.of(document)]

    @cached_property
    def sentences(self) -> int:
        """How many sentences there are."""
        return sum(len(document.spans) for document in self.documents)

    @cached_property
    def characters(self) -> int:
        """Number of characters of all documents."""
        return sum(len(document.text) for document in self.documents)
