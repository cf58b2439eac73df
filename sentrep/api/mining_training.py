"""A training corpus without exact and near-duplicates of documents."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

from sentrep.api.reading import announce_message
from sentrep.data.config import CorpusConfig
from sentrep.data.inputs import kept_as_file
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import Piece, gather, read_files
from sentrep.utils.record_file import RecordFile, View


def without_duplicates(corpus: CorpusConfig, cache: Path) -> CorpusConfig:
    """The corpus without exact and near-duplicates of documents, as a file in the folder `cache`.

    The longest document of each group stays, in its place. A warning says how many were left out. Texts are
    in a temporary file meanwhile.
    """
    from sentrep.mining.near_duplicates import group_duplicates

    records = RecordFile(_records(corpus))
    fields = (corpus.text_field, corpus.title_field, corpus.id_field)
    found = group_duplicates(View(records, lambda record: _text(record[fields[0]])))
    kept = (record for record, stays in zip(records, found.kept, strict=True) if stays)
    file = kept_as_file(kept, cache / "texts", fields)
    left_out = len(records) - int(found.kept.sum())
    announce_message(f"duplicates left out: {left_out:,} of {len(records):,} documents")
    return replace(corpus, corpus=(str(file),))


def _records(corpus: CorpusConfig) -> Iterator[dict[str, Any]]:
    """The documents of a corpus; text that is split into sentences already as a list of them."""
    with tempfile.TemporaryDirectory() as scratch:
        report = ReadReport()
        pieces = read_files(gather(corpus, Path(scratch), report), corpus, report)
        for _, parts in groupby(pieces, key=lambda piece: piece.document):
            yield _record(list(parts), corpus)


def _record(pieces: list[Piece], corpus: CorpusConfig) -> dict[str, Any]:
    text: Any = "\n\n".join(piece.text for piece in pieces)
    if pieces[0].lines:
        text = [line for piece in pieces for line in piece.text.split("\n") if line.strip()]
    return {corpus.text_field: text, corpus.title_field: pieces[0].title, corpus.id_field: pieces[0].id}


def _text(content: str | list[str]) -> str:
    return content if isinstance(content, str) else "\n".join(content)
