"""What is embedded, searched and measured of documents: passages, sentences, or whole documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from sentrep.utils.errors import InputError, nearest, opt

if TYPE_CHECKING:
    from sentrep.data.config import CorpusConfig
    from sentrep.data.documents import SourceDocument
    from sentrep.data.reading.report import ReadReport
    from sentrep.search.documents import Passage

Unit = Literal["passage", "sentence", "document"]


class Record(NamedTuple):
    """A text with its id and what is kept beside it."""

    id: str
    """Id of its document, with ``#`` and its number there where a document has several texts."""
    text: str
    fields: dict[str, str]
    """Title and further fields of the document."""


class HeldOut(NamedTuple):
    """A document that questions are made of."""

    id: str
    title: str
    sentences: list[str]
    passages: list[list[str]]
    """Sentences of each passage."""


@dataclass(frozen=True)
class Units:
    """What is searched: passages of whole sentences, single sentences, or whole documents.

    Example:
        >>> str(Units("passage", words=80, overlap=20))
        'passages of 80 words, 20 repeated'
    """

    unit: Unit = "passage"
    """What each text is: a passage, a sentence or a whole document."""
    words: int = 120
    """Approximate number of words in a passage; of characters, in scripts without spaces."""
    overlap: int = 0
    """Number of words that a passage repeats from the passage before it."""
    code: bool = True
    """Keep blocks of code (Markdown, HTML, RST) in passages and whole documents."""

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise InputError(f"{opt('unit')} {self.unit!r}: {nearest(str(self.unit), get_args(Unit))}")
        if self.unit == "passage" and self.words < 1:
            raise InputError(f"{opt('words')} {self.words}: a passage has 1 word or more")
        if self.unit == "passage" and not 0 <= self.overlap < self.words:
            raise InputError(
                f"{opt('overlap')} {self.overlap}: must be 0 or more, and less than {opt('words')}, "
                f"which is {self.words}"
            )

    def __str__(self) -> str:
        if self.unit != "passage":
            return f"{self.unit}s"
        return f"passages of {self.words} words" + (f", {self.overlap} repeated" if self.overlap else "")

    @property
    def keeps_code(self) -> bool:
        """Whether documents are read with their blocks of code; a sentence is never code."""
        return self.code and self.unit != "sentence"

    def of(self, document: SourceDocument) -> list[Passage]:
        """The passages of a document."""
        from sentrep.data.splitting.passages import passages
        from sentrep.search.documents import Passage

        if self.unit == "document":
            return [Passage(document.text, 0, len(document.text))] if document.text.strip() else []
        spans: list[tuple[int, int, tuple[str, ...]]]
        if self.unit == "sentence":
            spans = [(start, end, ()) for start, end in document.spans]
        else:
            cut = passages(
                document.text,
                document.spans,
                document.sections,
                passage_words=self.words,
                passage_overlap=self.overlap,
            )
            spans = [(each.start, each.end, each.headings) for each in cut]
        return [Passage(document.text[start:end], start, end, headings) for start, end, headings in spans]

    def held_out(self, corpus: CorpusConfig, report: ReadReport | None = None) -> Iterator[HeldOut]:
        """The documents of a corpus, cut for `sentrep.evaluation.tasks.label_free`.

        Args:
            corpus: what to read.
            report: counts what was read and skipped.
        """
        from sentrep.data.documents import read_source_documents

        for document in read_source_documents(corpus, report):
            passages = self.of(document) if self.unit == "passage" else []
            yield HeldOut(
                document.id,
                document.title,
                document.sentences,
                [document.sentences_within(passage.start, passage.end) for passage in passages],
            )

    def records(self, corpus: CorpusConfig, report: ReadReport | None = None) -> Iterator[Record]:
        """The texts of a corpus, with their ids and fields.

        Sentences are read piece by piece, so that a file of any size fits; of the other units a document is
        in memory at a time.

        Args:
            corpus: what to read.
            report: counts what was read and skipped.
        """
        from sentrep.data.documents import read_sentences, read_source_documents

        if self.unit == "sentence":
            for sentence in read_sentences(corpus, report):
                fields = _fields(sentence.title, sentence.fields)
                yield Record(f"{sentence.document}#{sentence.number}", sentence.text, fields)
            return
        for document in read_source_documents(corpus, report, code=self.keeps_code):
            fields = _fields(document.title, document.fields)
            for number, passage in enumerate(self.of(document), start=1):
                name = document.id if self.unit == "document" else f"{document.id}#{number}"
                yield Record(name, passage.text, fields)


def _fields(title: str, further: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {"title": title, **dict(further)} if title else dict(further)
