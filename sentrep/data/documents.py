"""Documents with their text, sections and sentences, for code that needs the position of a sentence."""

from __future__ import annotations

import tempfile
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.source import Piece, ReadReport, gather, read_files
from sentrep.data.splitting.passages import assemble
from sentrep.data.splitting.segment import Segmenter
from sentrep.data.store.build import train_segmenter


@dataclass(frozen=True)
class SourceDocument:
    """A document as it was read."""

    id: str
    title: str
    file: str
    """The file that it was read from."""
    text: str
    """Its sections one after the other; all offsets count characters of this text."""
    sections: tuple[tuple[int, tuple[str, ...]], ...]
    """Where each section begins, and the headings that it stands under, outermost first."""
    fields: tuple[tuple[str, str], ...]
    """Names and values of further fields of its record."""
    spans: tuple[tuple[int, int], ...]
    """First character of each sentence, and one past the last."""

    @property
    def sentences(self) -> list[str]:
        """The sentences, with single spaces between words."""
        return [" ".join(self.text[start:end].split()) for start, end in self.spans]

    def sentences_within(self, first: int, last: int) -> list[str]:
        """The sentences that begin between two characters of the text, `last` not included."""
        begin, end = (bisect_left(self.spans, (place, 0)) for place in (first, last))
        return [" ".join(self.text[start:stop].split()) for start, stop in self.spans[begin:end]]


class Sentence(NamedTuple):
    """A sentence as it was read."""

    document: str
    """Id of its document."""
    title: str
    number: int
    """Its place in the document, from 1."""
    text: str
    fields: tuple[tuple[str, str], ...]
    """Names and values of further fields of the document's record."""


def read_sentences(corpus: CorpusConfig, report: ReadReport | None = None) -> Iterator[Sentence]:
    """Read the sentences of a corpus one after the other; a piece of a document is in memory at a time.

    Args:
        corpus: what to read.
        report: counts what was read and skipped.
    """
    report = ReadReport() if report is None else report
    with tempfile.TemporaryDirectory() as scratch:
        files = gather(corpus, Path(scratch), report)
        segmenter = train_segmenter(files, corpus)
        for _, pieces in groupby(read_files(files, corpus, report), key=lambda piece: piece.document):
            number = 0
            for piece in pieces:
                for text in segmenter.sentences(piece.text, piece.lines):
                    number += 1
                    yield Sentence(piece.id, piece.title, number, text, piece.fields)


def read_source_documents(
    corpus: CorpusConfig,
    report: ReadReport | None = None,
    segmenter: Segmenter | None = None,
    wanted: Callable[[str, Path], bool] | None = None,
    code: bool = False,
    trained: Callable[[Segmenter], object] = lambda _: None,
) -> Iterator[SourceDocument]:
    """Read a corpus one document at a time.

    Args:
        corpus: what to read.
        report: counts what was read and skipped.
        segmenter: splits text into sentences; trained on the corpus itself if None.
        wanted: of a file's name and path, whether it is read; all files are if None.
        code: keep the blocks of code of Markdown, HTML and RST in the text, between fences. They have no
            sentences.
        trained: gets the sentence splitter before the first document.

    Raises:
        InputError: nothing can be read; where only some files are wanted, that is no error.
    """
    report = ReadReport() if report is None else report
    with tempfile.TemporaryDirectory() as scratch:
        found = gather(corpus, Path(scratch), report, needed=wanted is None)
        files = [file for file in found if wanted is None or wanted(file.name, file.path)]
        if not files:
            return
        segmenter = segmenter or train_segmenter(files, corpus)
        trained(segmenter)
        read = read_files(files, corpus, report, code, needed=wanted is None)
        for _, pieces in groupby(read, key=lambda piece: piece.document):
            yield _document(pieces, segmenter)


def _document(pieces: Iterable[Piece], segmenter: Segmenter) -> SourceDocument:
    read = list(pieces)
    parts = assemble(read, segmenter)
    first = read[0]
    return SourceDocument(
        first.id,
        first.title,
        first.file,
        parts.text,
        tuple(parts.headings),
        first.fields,
        tuple(parts.sentences),
    )
