"""An index of documents as it is open: its segments, and which of their rows count."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.search.documents.manifest import DocumentManifest, SegmentEntry
from sentrep.search.documents.passages import Document, PassageStore
from sentrep.search.fusion import best
from sentrep.search.index import Index
from sentrep.search.lexical import BM25, LexicalSegment
from sentrep.utils.arrays import mapped
from sentrep.utils.errors import InputError, at, damaged
from sentrep.utils.files import expanded

DENSE = "dense"

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]


class Segment:
    """One immutable segment.

    Args:
        folder: of the segment.
        entry: of the manifest.
        verify: compare its files with their checksums.
    """

    def __init__(self, folder: Path, entry: SegmentEntry, verify: bool) -> None:
        self.dense = Index.open(folder / DENSE, verify=verify)
        self.lexical = LexicalSegment(folder, entry.count)
        self.passages = PassageStore(folder, entry.count)
        if len(self.dense) != entry.count or self.dense.texts is None:
            raise damaged(folder / DENSE)

    def __len__(self) -> int:
        return len(self.passages)

    def text(self, row: int) -> str:
        """Text of a passage."""
        assert self.dense.texts is not None
        return self.dense.texts[row]

    def nearest(self, vector: Floats, kept: Mask, count: int) -> tuple[Rows, Floats]:
        """The `count` rows nearest to `vector` (width,) of length 1 among those that are `kept`, with
        cosines."""
        live = int(kept.sum())
        if live < max(1, len(kept) // 4):  # few are left: compare with each of them
            rows = np.flatnonzero(kept)
            scores = self.dense.take(rows) @ vector
            chosen = best(scores, count)
            return rows[chosen], scores[chosen]
        wanted = min(len(kept), count + len(kept) - live)
        cosines, found = self.dense.nearest(vector[None], wanted, None)
        usable = (found[0] >= 0) & kept[found[0]]
        return found[0][usable][:count], cosines[0][usable][:count]


class State:
    """All segments of an index, their rows numbered one after the other.

    Args:
        path: folder of the index.
        manifest: of the folder.
        verify: compare all files with their checksums.
    """

    def __init__(self, path: Path, manifest: DocumentManifest, verify: bool = False) -> None:
        self.path, self.manifest = path, manifest
        self.segments = [Segment(path / entry.name, entry, verify) for entry in manifest.segments]
        self.first = np.cumsum([0, *(entry.count for entry in manifest.segments)])
        self.removed = self._read_removed(int(self.first[-1]))
        self.kept: Mask = ~self.removed
        self.bm25 = BM25([segment.lexical for segment in self.segments], self.removed)

    def current(self) -> State:
        """The state of the folder now: this one, unless another process has changed it.

        Raises:
            InputError: another index has taken its place, of another model or with other settings.
        """
        manifest = DocumentManifest.read(self.path)
        if manifest == self.manifest:
            return self
        if manifest.as_made() != self.manifest.as_made():
            raise InputError(f"{at(self.path)} was made again in the meantime; open it again")
        return State(self.path, manifest)

    def __len__(self) -> int:
        """Rows, with those that are removed."""
        return len(self.removed)

    def numbered(self) -> Iterator[tuple[int, Segment]]:
        """Segments, each with the number of its first row."""
        return zip(self.first.tolist(), self.segments, strict=False)

    def locate(self, row: int) -> tuple[Segment, int]:
        """The segment of a row, and its number there."""
        number = int(np.searchsorted(self.first, row, side="right")) - 1
        return self.segments[number], row - int(self.first[number])

    def vectors(self, rows: Rows) -> Floats:
        """The vectors (row, width) of some rows of an index that has any, in ascending order."""
        ends = np.searchsorted(rows, self.first).tolist()
        parts = [
            segment.dense.take(rows[begin:end] - first)
            for (first, segment), begin, end in zip(self.numbered(), ends, ends[1:], strict=False)
        ]
        return np.concatenate(parts)

    def documents(self) -> Iterator[tuple[Document, range]]:
        """All documents, also removed ones, with their rows."""
        for first, segment in self.numbered():
            for number, document in enumerate(segment.passages.documents):
                inside = segment.passages.rows_of(number)
                yield document, range(first + inside.start, first + inside.stop)

    def rows_with(self, ids: Collection[str], files: Collection[str] = ()) -> Mask:
        """Which rows belong to documents with one of these ids or files."""
        chosen = np.zeros(len(self), bool)
        for document, rows in self.documents():
            if document.id in ids or (document.file and document.file in files):
                chosen[rows.start : rows.stop] = True
        return chosen

    def rows_matching(self, filters: Mapping[str, str]) -> Mask:
        """Which rows belong to documents whose fields have these values; id, title and file count as
        fields. A file is named by its path or by the end of it."""
        same_file = _names_file(filters["file"]) if "file" in filters else None
        others = {name: value for name, value in filters.items() if name != "file"}
        chosen = np.zeros(len(self), bool)
        for document, rows in self.documents():
            known = {**document.fields, "id": document.id, "title": document.title}
            fits = all(known.get(name) is not None and str(known[name]) == others[name] for name in others)
            if fits and (same_file is None or same_file(document.file)):
                chosen[rows.start : rows.stop] = True
        return chosen

    def _read_removed(self, count: int) -> Mask:
        if not self.manifest.removed:
            return np.zeros(count, bool)
        return np.array(mapped(self.path / self.manifest.removed, (count,), "bool"))


def _names_file(value: str) -> Callable[[str], bool]:
    """Whether a path is the one that `value` names: the same, also from the working folder, or one whose last
    parts are those of `value`."""
    ending = Path(value).parts
    same = {value, str(expanded(value).resolve())}
    return lambda file: file in same or bool(ending and file and Path(file).parts[-len(ending) :] == ending)
