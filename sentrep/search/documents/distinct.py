"""Ids of documents, made different where two files have the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
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
    known = {**taken, **{document.id: document.file for document, _ in given if document.id not in taken}}
    for document, parts in given:
        name = _free(document, known)
        known[name] = document.file
        yield replace(document, id=name), parts


def _free(document: Document, known: Mapping[str, str]) -> str:
    """The id, with as many folders in front, or a number behind, as makes it different from those of other
    files."""
    name, above, number = document.id, _folders_above(document), 1
    while document.file and known.get(name, document.file) not in ("", document.file):
        number += 1
        name = str(Path(above.pop(), name)) if above else f"{document.id} ({number})"
    return name


def _folders_above(document: Document) -> list[str]:
    """The folders in front of an id that is the end of the path of its file; none where it is not."""
    file = Path(document.file).parts
    for place in (document.id, document.id.rpartition("#")[0]):
        for end in ("", *COMPRESSED):
            parts = Path(place + end).parts
            if place and parts == file[-len(parts) :]:
                return list(file[: -len(parts)])
    return []
