"""Read corpora in tests."""

from __future__ import annotations

from pathlib import Path

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import Piece, read
from sentrep.data.store.store import read_documents


def pieces_of(*names: Path | str, **options: object) -> tuple[list[Piece], ReadReport]:
    """All pieces of a corpus, and the report."""
    report = ReadReport()
    config = CorpusConfig(tuple(map(str, names)), **options)  # type: ignore[arg-type]
    return list(read(config, report)), report


def texts_of(*names: Path | str, **options: object) -> tuple[list[str], ReadReport]:
    """The paragraphs of a corpus, or its lines where each is a sentence, and the report."""
    pieces, report = pieces_of(*names, **options)
    parts = [part for piece in pieces for part in piece.text.split("\n" if piece.lines else "\n\n")]
    return [part.strip() for part in parts if part.strip()], report


def sentences_of(*names: Path | str) -> tuple[list[str], ReadReport]:
    """All sentences of a corpus, and the report."""
    report = ReadReport()
    documents = read_documents(CorpusConfig(tuple(map(str, names))), report=report)
    return [sentence for document in documents for sentence in document.sentences], report
