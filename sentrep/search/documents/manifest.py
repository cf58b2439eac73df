"""The manifest of an index of documents: the one file that says which others belong to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sentrep.search.documents.centring import MEANS
from sentrep.search.folder import ModelStamp
from sentrep.utils.errors import damaged
from sentrep.utils.manifest import MANIFEST, FileStamp, FolderKind, Manifest

KIND = FolderKind("document index", 1, "sentrep index")


@dataclass(frozen=True)
class SegmentEntry:
    """A segment as the manifest names it."""

    name: str
    """Its folder."""
    count: int
    """Passages in it, with those that are removed."""


@dataclass(frozen=True)
class DocumentManifest:
    """What is known of an index of documents before another of its files is opened."""

    model: ModelStamp
    analysis: str
    """Language of the analysis of the lexical side; empty for words as they stand."""
    settings: Mapping[str, Any]
    """How documents were cut into passages."""
    segments: tuple[SegmentEntry, ...] = ()
    attached: tuple[str, ...] = ()
    """Files that were given when the index was made."""
    removed: str = ""
    """File of removed rows, or empty."""
    generation: int = 0
    """Changes so far; names of new files contain it."""
    files: Mapping[str, FileStamp] = field(default_factory=dict)
    """Stamps of all files outside of the folders dense/, which have manifests of their own."""

    def as_made(self) -> tuple[Any, ...]:
        """What decides on vectors, terms and passages. It stays as it is when documents are added or
        removed."""
        return self.model.content_hash, self.analysis, dict(self.settings), self.files.get(MEANS)

    def write(self, folder: Path) -> None:
        """Replace the manifest of `folder` in one step."""
        content = {
            "model": vars(self.model),
            "analysis": self.analysis,
            "settings": dict(self.settings),
            "attached": list(self.attached),
            "segments": [[entry.name, entry.count] for entry in self.segments],
            "removed": self.removed,
            "generation": self.generation,
        }
        Manifest.of(KIND, content, dict(self.files)).write(folder)

    @classmethod
    def read(cls, folder: Path, verify: bool = False) -> DocumentManifest:
        """The manifest of `folder`, after the sizes of its files were compared.

        Args:
            folder: of the index.
            verify: compare the files with their checksums as well.

        Raises:
            InputError: there is none, it is damaged, it has another format, or a file differs.
        """
        stored = Manifest.read(folder, KIND)
        stored.check_sizes(folder)
        if verify:
            stored.check(folder)
        content = stored.content
        try:
            model = ModelStamp(**content.pop("model"))
            segments = tuple(SegmentEntry(*entry) for entry in content.pop("segments"))
            attached = tuple(content.pop("attached"))
            return cls(model=model, segments=segments, attached=attached, files=stored.files, **content)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(folder / MANIFEST) from error


def is_document_index(folder: Path) -> bool:
    """Whether `folder` holds an index of documents, as its manifest says."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("kind") == KIND.name
