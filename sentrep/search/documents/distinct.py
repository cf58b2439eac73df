"""Ids of documents, made different where two files have the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from sentrep.search.documents.passages import Document, Passage

COMPRESSED = (".gz", ".zst")


def distinct(
    given: Sequence[tuple[Document, list[Passage]]], taken: Mapping[str, str]
) -> Iterator[tuple[Document, list[Passage]]]:
    """Change ids that another file has already.

    The id of a file is its path below the folder that was read, so files of two folders may have the same:
    folders are put in front. An id that a record brings gets a number behind. A document without a file, or
    of the same file, keeps its id and so replaces the old one.

    Args:
        given: documents with their passages.
        taken: file of each document of the index, by its id.

    >>> new = Document("notes.txt", file="/home/b/notes.txt")
    >>> [document.id for document, _ in distinct([(new, [])], {"notes.txt": "/home/a/notes.txt"})]
    ['b/notes.txt']
    """
    own, used = {document.id for document, _ in given}, set[str]()
    for document, parts in given:
        name = document.id
        if document.file:
            free = (each for each in _names(document) if each == document.id or each not in own)
            name = next(
                each for each in free if each not in used and taken.get(each, "") in ("", document.file)
            )
        used.add(name)
        yield replace(document, id=name), parts


def _names(document: Document) -> Iterator[str]:
    """The id, then with more and more folders in front of it, then with a number behind it."""
    name = document.id
    yield name
    for folder in reversed(_folders_above(document)):
        name = str(Path(folder, name))
        yield name
    yield from (f"{document.id} ({number})" for number in count(2))


def _folders_above(document: Document) -> list[str]:
    """The folders in front of an id that is the end of the path of its file; none where it is not."""
    file = Path(document.file).parts
    for place in (document.id, document.id.rpartition("#")[0]):
        for end in ("", *COMPRESSED):
            parts = Path(place + end).parts
            if place and parts == file[-len(parts) :]:
                return list(file[: -len(parts)])
    return []
