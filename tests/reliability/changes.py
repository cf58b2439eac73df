"""The four changes of an index of documents that the reliability tests interrupt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sentrep.search.documents import Document, DocumentIndex, Passage
from tests.search.documents.collection import create, documents, encode

Documents = list[tuple[Document, list[Passage]]]

FIRST, MORE = 120, 60
"""Documents that the index begins with, and documents that a change concerns."""
INDEX = "index"


def before(place: Path) -> None:
    """The index that is changed."""
    create(place / INDEX, documents(FIRST))


def add(place: Path) -> None:
    opened(place).add(documents(MORE, seed=1))


def remove(place: Path) -> None:
    opened(place).remove(ids=[document.id for document, _ in documents(FIRST)[:MORE]])


def update(place: Path) -> None:
    """Documents of some files are replaced by others, in one step."""
    replaced = {document.file for document, _ in documents(FIRST)[-MORE:]}
    opened(place).add(documents(MORE // 2, seed=2), replaced_files=replaced)


def index(place: Path) -> None:
    """A new index in the place of the old one."""
    from sentrep.utils.files import whole_folder
    from sentrep.utils.locks import writer

    with writer(place / INDEX, "index"), whole_folder(place / INDEX) as aside:
        create(aside, documents(MORE, seed=3))


CHANGES: dict[str, Callable[[Path], None]] = {"add": add, "remove": remove, "update": update, "index": index}


def do(change: str, place: Path) -> None:
    """Do one of the changes; in a process of its own."""
    try:
        CHANGES[change](place)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def opened(place: Path, verify: bool = False) -> DocumentIndex:
    return DocumentIndex.open(place / INDEX, str.split, encode, verify=verify)


def content(place: Path) -> dict[str, tuple[str, float]]:
    """Every passage with its text and its score for a query; all files are compared with their checksums."""
    hits = opened(place, verify=True).search("w1 w2 w3 w4 w5", 10_000)
    return {hit.id: (hit.text, round(hit.scores.score, 3)) for hit in hits}


def litter(place: Path) -> set[str]:
    """Files that the index does not name, and what lies beside its folder."""
    manifest = opened(place).manifest
    named = {"manifest.json", *(entry.name for entry in manifest.segments), *manifest.attached}
    named |= {manifest.removed} if manifest.removed else set()
    beside = {path.name for path in place.iterdir()} - {INDEX}
    return beside | ({path.name for path in (place / INDEX).iterdir()} - named)
