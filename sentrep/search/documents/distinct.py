"""Ids of documents that are paths of files, made different where two files have the same one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sentrep.search.documents.passages import Document, Passage

COMPRESSED = (".gz", ".zst")


def distinct(
    given: Sequence[tuple[Document, list[Passage]]], taken: Mapping[str, str]
) -> Iterator[tuple[Document, list[Passage]]]:
    """Put folders in front of ids that another file has already.

    The id of a file is its path below the folder that was read, so files of two folders may have the same.
    An id that a record brings is left as it is: there the new document replaces the old one.

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
    """The id, with as many folders in front as make it different from those of other files."""
    name, above = document.id, _folders_above(document)
    while above and known.get(name, document.file) not in ("", document.file):
        name = str(Path(above.pop(), name))
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
