"""Changing an index of documents.

A change writes new files beside the old ones and then replaces the manifest in one step. A crash leaves the
old state or the new one. Files that no manifest names are deleted by the next change.
"""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from sentrep.search import lexical
from sentrep.search.documents import passages
from sentrep.search.documents.distinct import distinct
from sentrep.search.documents.manifest import SegmentEntry
from sentrep.search.documents.passages import Document, Passage, PassageStore, context
from sentrep.search.documents.state import DENSE, Floats, Mask, Rows, State
from sentrep.search.index import Index
from sentrep.search.lexical import Analyze, LexicalSegment
from sentrep.search.writing import Vectors
from sentrep.utils.errors import InputError
from sentrep.utils.files import whole
from sentrep.utils.locks import writer
from sentrep.utils.manifest import FileStamp

Encode = Callable[[Sequence[str]], Floats]
"""Texts to vectors, (text, width)."""
TOGETHER = 4096
"""Passages that are encoded together."""
Documents = Iterable[tuple[Document, Sequence[Passage]]]


def add(
    state: State,
    documents: Documents,
    analyze: Analyze,
    encode: Encode,
    replaced_files: Collection[str] = (),
) -> tuple[State, int]:
    """Add documents; one whose id is there already replaces the old one, unless both come from files and
    these differ: then it gets another id, see `distinct`.

    Args:
        state: of the index.
        documents: to add.
        analyze: text to index terms.
        encode: texts to vectors.
        replaced_files: whatever came from these files is removed in the same step.

    Returns:
        The new state, and the number of passages added.

    Raises:
        InputError: an id occurs twice in `documents`.
    """
    given = [(document, list(parts)) for document, parts in documents if parts]
    ids = Counter(document.id for document, _ in given)
    twice = [name for name, count in ids.items() if count > 1]
    if twice:
        raise InputError(
            f"{len(twice)} document ids occur more than once, for instance {twice[0]!r}", setting="documents"
        )
    if not given:
        return remove(state, analyze, files=replaced_files)[0], 0
    vectors = _encoded(encode, given)
    with writer(state.path, "change an index"):
        state = state.current()
        given = list(distinct(given, _names(state, replaced_files)))
        entry = _write_segment(state, given, _handed_over(vectors), analyze)
        replaced = state.rows_with({document.id for document, _ in given}, replaced_files)
        removed = np.concatenate([state.removed | replaced, np.zeros(entry.count, bool)])
        grown = _commit(state, [*state.manifest.segments, entry], removed)
        return _compact(grown, analyze), entry.count


def _names(state: State, replaced_files: Collection[str]) -> dict[str, str]:
    """The files of the documents that stay, by id."""
    return {
        document.id: document.file
        for document, rows in state.documents()
        if document.file not in replaced_files and state.kept[rows.start : rows.stop].any()
    }


def remove(
    state: State, analyze: Analyze, ids: Collection[str] = (), files: Collection[str] = ()
) -> tuple[State, int]:
    """Remove documents by id or by the file they came from.

    Returns:
        The new state, and the number of passages removed.
    """
    with writer(state.path, "change an index"):
        state = state.current()
        rows = state.rows_with(ids, files) & state.kept
        if not rows.any():  # a killed change may have left files
            _sweep(state)
            return _compact(state, analyze), 0
        smaller = _commit(state, state.manifest.segments, state.removed | rows)
        return _compact(smaller, analyze), int(rows.sum())


def _compact(state: State, analyze: Analyze) -> State:
    """Merge small segments and rewrite those of which more than half is removed.

    A segment is merged with all after it when it is at most twice as large as they are together, so the
    number of segments grows with the logarithm of the number of passages.
    """
    while (start := _first_to_merge(state)) is not None:
        first = int(state.first[start])
        rows = np.flatnonzero(state.kept[first:]) + first
        entries = list(state.manifest.segments[:start])
        if len(rows):
            documents, vectors = _stored(state, rows)
            entries.append(_write_segment(state, documents, vectors, analyze))
        state = _commit(state, entries, np.concatenate([state.removed[:first], np.zeros(len(rows), bool)]))
    return state


def _first_to_merge(state: State) -> int | None:
    live = [int(state.kept[first : first + len(segment)].sum()) for first, segment in state.numbered()]
    for number, segment in enumerate(state.segments):
        later = sum(live[number + 1 :])
        if 2 * live[number] < len(segment) or (later and len(segment) <= 2 * later):
            return number
    return None


def _stored(state: State, rows: Rows) -> tuple[list[tuple[Document, list[Passage]]], Floats]:
    """Documents and vectors of some rows, as they are stored."""
    documents: list[tuple[Document, list[Passage]]] = []
    vectors = []
    for row in rows.tolist():
        segment, inside = state.locate(row)
        document = segment.passages.document(inside)
        passage = Passage(
            segment.text(inside), *segment.passages.span(inside), segment.passages.headings(inside)
        )
        if not documents or documents[-1][0].id != document.id:
            documents.append((document, []))
        documents[-1][1].append(passage)
        vectors.append(segment.dense.take(np.array([inside]))[0])
    return documents, np.stack(vectors)


def _encoded(encode: Encode, documents: Sequence[tuple[Document, Sequence[Passage]]]) -> deque[Floats]:
    """Vectors of passages, some thousands at a time: an encoder needs more memory than the vectors."""
    texts = _searched(documents)
    return deque(encode(some) for some in iter(lambda: list(islice(texts, TOGETHER)), []))


def _handed_over(vectors: deque[Floats]) -> Iterator[Floats]:
    """Yields the blocks of vectors; each is removed from the queue first, so that its memory is freed after
    use."""
    while vectors:
        yield vectors.popleft()


def _searched(documents: Sequence[tuple[Document, Sequence[Passage]]]) -> Iterator[str]:
    """What is encoded and analysed of each passage."""
    return (context(document, passage) for document, parts in documents for passage in parts)


def _write_segment(
    state: State,
    documents: Sequence[tuple[Document, Sequence[Passage]]],
    vectors: Vectors,
    analyze: Analyze,
) -> SegmentEntry:
    """Write a segment beside the others; no manifest names it yet."""
    name = f"segment-{state.manifest.generation + 1:06}"
    folder = state.path / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    ids = [f"{document.id}#{number}" for document, parts in documents for number, _ in enumerate(parts, 1)]
    texts = [passage.text for _, parts in documents for passage in parts]
    # Zero vectors of all first documents show a wrong model; later documents are found by BM25 even so.
    later = bool(state.manifest.segments)
    Index.build(vectors, ids, texts, out=folder / DENSE, model=state.manifest.model, zeros=later)
    LexicalSegment.write(folder, _searched(documents), analyze)
    PassageStore.write(folder, documents)
    return SegmentEntry(name, len(ids))


def _commit(state: State, segments: Sequence[SegmentEntry], removed: Mask) -> State:
    """Make these segments and removed rows the state of the folder, in one step."""
    generation, removed_name = state.manifest.generation + 1, ""
    if removed.any():
        removed_name = f"removed-{generation:06}.npy"
        with whole(state.path / removed_name) as file:
            np.save(file, removed, allow_pickle=False)
    manifest = replace(
        state.manifest,
        segments=tuple(segments),
        removed=removed_name,
        generation=generation,
        files=_stamps(state, segments, removed_name),
    )
    manifest.write(state.path)
    changed = State(state.path, manifest)
    _sweep(changed)
    return changed


def _stamps(state: State, segments: Sequence[SegmentEntry], removed: str) -> dict[str, FileStamp]:
    """Stamps of all files of a state; those of segments that were there before are known."""
    names = [f"{entry.name}/{file}" for entry in segments for file in (*lexical.FILES, *passages.FILES)]
    known = state.manifest.files
    stamps = {name: known[name] if name in known else FileStamp.of(state.path / name) for name in names}
    stamps |= {name: stamp for name, stamp in known.items() if name in state.manifest.attached}
    return stamps | ({removed: FileStamp.of(state.path / removed)} if removed else {})


def _sweep(state: State) -> None:
    """Delete segments and lists of removed rows that the manifest does not name."""
    named = {entry.name for entry in state.manifest.segments} | {state.manifest.removed}
    for file in [*state.path.glob("segment-*"), *state.path.glob("removed-*.npy")]:
        if file.name not in named:
            shutil.rmtree(file) if file.is_dir() else file.unlink()
