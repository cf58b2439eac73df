"""The records of files in an index of documents, and the result of an update."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import texts_folder
from sentrep.utils.files import expanded, sha256

if TYPE_CHECKING:
    from sentrep.data.documents import SourceDocument
    from sentrep.search.documents import Document


@dataclass(frozen=True)
class Update:
    """What `DocumentSearch.update` did."""

    new: int
    """Files that were not in the index."""
    changed: int
    """Files whose content differed."""
    deleted: int
    """Files that were in the index and are no longer there."""
    unchanged: int
    """Files that were not read again."""
    added: int
    """Passages added."""
    removed: int
    """Passages removed."""


def described(document: SourceDocument) -> Document:
    """The record of a document in an index, without its passages. A document that was given in memory has no
    file."""
    from sentrep.search.documents import Document

    file = Path(document.file)
    digest = _digest(file) if file.is_file() and not holds_memory(file) else ""
    place = str(file.resolve()) if digest else ""
    return Document(document.id, document.title, place, digest, dict(document.fields))


def holds_memory(file: Path) -> bool:
    """Whether a file is a copy of documents that were given in memory."""
    return file.parent == texts_folder()


def _digest(file: Path) -> str:
    """Content hash of a file, computed once for all documents of the file."""
    status = file.stat()
    return _hashed(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _hashed(file: Path, changed: int, size: int) -> str:
    return sha256(file)


def inside(name: str, config: CorpusConfig) -> bool:
    """Whether a file is one of those that a corpus names, or lies in one of its folders."""
    places = [expanded(place).resolve() for place in config.corpus]
    return any(Path(name).is_relative_to(place) for place in places)


def is_gone(name: str) -> bool:
    """Whether there is no such file. One whose folder may not be entered is not gone."""
    try:
        Path(name).stat()
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    return False
