"""What is mined: the texts of a corpus one by one, as documents, lines or sentences."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import sentences
from sentrep.data.reading.formats import format_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import Piece, gather, read_files
from sentrep.mining.settings import Unit
from sentrep.utils.files import expanded
from sentrep.utils.record_file import RecordFile, View

if TYPE_CHECKING:
    from sentrep.embedding import Embedded


class Item(NamedTuple):
    """A text with its id."""

    id: str
    text: str
    title: str = ""


def read_items(
    corpus: CorpusConfig, unit: Unit = "document", report: ReadReport | None = None
) -> Iterator[Item]:
    """The texts of a corpus, one at a time.

    Args:
        corpus: what to read.
        unit: 'document': a record, or a file; of text files with a sentence a line, each line. 'sentence':
            each sentence.
        report: counts what was read and skipped.
    """
    report = ReadReport() if report is None else report
    if unit == "sentence":
        yield from (Item(name, text) for name, text in sentences(corpus, report))
        return
    with tempfile.TemporaryDirectory() as scratch:
        pieces = read_files(gather(corpus, Path(scratch), report), corpus, report)
        for _, parts in groupby(pieces, key=lambda piece: piece.document):
            yield from _items_of(list(parts))


def in_memory(texts: object) -> list[Item] | None:
    """A list of texts as items with the ids 1, 2, …; None for any other value.

    A list of strings is taken for paths if the first of them exists.

    >>> in_memory(["a text", ""])
    [Item(id='1', text='a text', title=''), Item(id='2', text='', title='')]
    """
    if not isinstance(texts, list | tuple) or not all(type(each) is str for each in texts):
        return None
    if texts and (texts[0] == "-" or _exists(texts[0])):
        return None
    return [Item(str(number), text) for number, text in enumerate(texts, start=1)]


def embedded_folder(source: object) -> Embedded | None:
    """The folder of embedded sentences that a source names; None if it names none.

    Raises:
        InputError: it is unfinished, not merged, or damaged.
    """
    from sentrep.embedding import Embedded, is_embedded

    names: Any = source.corpus if isinstance(source, CorpusConfig) else source
    if isinstance(names, list | tuple) and len(names) == 1:
        names = names[0]
    if not isinstance(names, str | os.PathLike) or not names:
        return None
    folder = expanded(names)
    return Embedded.open(folder) if _exists(names) and is_embedded(folder) else None


def embedded_items(embedded: Embedded) -> Iterator[Item]:
    """The sentences of a folder of embedded sentences."""
    return (Item(name, text) for name, text in zip(embedded.ids(), embedded.texts(), strict=True))


def on_disk(items: Iterable[Item]) -> Sequence[Item]:
    """Items in a temporary file, so that a corpus need not fit into memory; read when they are needed.

    >>> items = on_disk([Item("1", "a text"), Item("2", "another")])
    >>> items[1].text, len(items)
    ('another', 2)
    """
    return View(RecordFile(items), Item._make)


def texts_of(items: Sequence[Item]) -> Sequence[str]:
    """The texts of items, read when they are needed."""
    return View(items, _text)


def _text(item: Item) -> str:
    return item.text


def _items_of(pieces: Sequence[Piece]) -> Iterator[Item]:
    first = pieces[0]
    if first.lines and format_of(first.file) in ("", "txt"):
        lines = (line.strip() for piece in pieces for line in piece.text.split("\n"))
        numbered = enumerate((line for line in lines if line), start=1)
        yield from (Item(f"{first.id}#{number}", line, first.title) for number, line in numbered)
        return
    yield Item(first.id, "\n\n".join(piece.text for piece in pieces), first.title)


def _exists(path: str | os.PathLike[str]) -> bool:
    try:
        return bool(path) and expanded(path).exists()
    except (OSError, ValueError, RuntimeError):  # too long for a path, or with a NUL character
        return False
