"""The manifest of an index of documents: the one file that says which others belong to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sentrep.search.folder import ModelStamp
from sentrep.utils.arrays import damaged
from sentrep.utils.errors import InputError
from sentrep.utils.files import whole

FORMAT = 1
MANIFEST = "manifest.json"
KIND = "documents"


@dataclass(frozen=True)
class SegmentEntry:
    """A segment as the manifest names it."""

    name: str
    """Its folder."""
    count: int
    """Passages in it, with those that are removed."""
    files: Mapping[str, str]
    """sha256 of each file outside of dense/, which has a manifest of its own."""


@dataclass(frozen=True)
class DocumentManifest:
    """What is known of an index of documents before another of its files is opened."""

    model: ModelStamp
    analysis: str
    """Name of the analysis of the lexical side."""
    settings: Mapping[str, Any]
    """How documents were cut into passages."""
    segments: tuple[SegmentEntry, ...] = ()
    removed: str = ""
    """File of removed rows, or empty."""
    removed_sha256: str = ""
    generation: int = 0
    """Changes so far; names of new files contain it."""
    kind: str = KIND
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        """Replace the manifest of `folder` in one step."""
        content = asdict(self)
        content["checksum"] = _checksum(content)
        with whole(folder / MANIFEST) as file:
            file.write(json.dumps(content, indent=2).encode())

    @classmethod
    def read(cls, folder: Path) -> DocumentManifest:
        """The manifest of `folder`.

        Raises:
            InputError: there is none, it is damaged, or it has another format.
        """
        path = folder / MANIFEST
        if not path.is_file():
            raise InputError(
                f"{folder} is no search index: it has no {MANIFEST}; make one with `sentrep index`"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if (content.get("kind"), content.get("format")) != (KIND, FORMAT):
                raise InputError(
                    f"{path}: not an index of documents in format {FORMAT}; make it again with `sentrep index`"
                )
            if content.pop("checksum") != _checksum(content):
                raise damaged(path)
            content["model"] = ModelStamp(**content["model"])
            content["segments"] = tuple(SegmentEntry(**entry) for entry in content["segments"])
            return cls(**content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise damaged(path) from error


def is_document_index(folder: Path) -> bool:
    """Whether `folder` holds an index of documents, as its manifest says."""
    try:
        content = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("kind") == KIND


def _checksum(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
