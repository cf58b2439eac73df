"""Search over the passages of documents: an index with its model, kept up to date with files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, corpus_config
from sentrep.data.inputs import texts_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.truncation import Truncation
from sentrep.inference.indexed_files import Update, described, inside, is_gone
from sentrep.inference.units import Units
from sentrep.utils.arguments import paths_of
from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import sha256
from sentrep.utils.settings import checked

if TYPE_CHECKING:
    from sentrep.data.splitting.segment import Segmenter
    from sentrep.inference.loading import Embedder
    from sentrep.search.documents import Document, DocumentIndex, Mode, Passage, PassageHit

SEGMENTER = "segmenter.json"


class DocumentSearch:
    """An index of documents together with the model that it was made with."""

    def __init__(self, index: DocumentIndex, model: Embedder, units: Units) -> None:
        self.index, self.model, self.units = index, model, units

    def __len__(self) -> int:
        """Passages that can be found."""
        return len(self.index)

    @property
    def mode(self) -> Mode:
        """How it is searched where a search does not say."""
        usual: Mode = self.index.manifest.settings.get("mode", "hybrid")
        return usual

    @property
    def truncation(self) -> Truncation:
        """What the model did not read of the texts that it encoded so far."""
        return getattr(self.index.encode, "truncation", Truncation())

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        mode: Mode | None = None,
        filters: Mapping[str, str] | None = None,
        smooth: bool | None = None,
        repeats: bool = False,
    ) -> list[PassageHit]:
        """The `k` best passages for a query, best first.

        Passages with the same words, as of a page that exists as HTML and as text, are one hit. Its `also`
        has the other documents.

        Args:
            text: the query.
            k: hits at most.
            mode: 'hybrid', 'dense' or 'lexical'; the one that the index was made for if None.
            filters: only passages of documents whose fields have these values; id, title and file count as
                fields.
            smooth: whether a passage's score takes in those of the passages nearest to it; as the index was
                made if None.
            repeats: whether passages with the same words are hits of their own.

        Raises:
            InputError: an argument is of a wrong type or out of range.
        """
        from sentrep.inference.repeats import distinct

        text, k = checked("text", text, str), checked("k", k, int)
        find = partial(self.index.search, text, mode=mode or self.mode, filters=filters, smooth=smooth)
        return find(k) if repeats else distinct(find, k)

    __call__ = search

    def many(self, queries: Iterable[str], k: int = 10, **options: Any) -> list[list[PassageHit]]:
        """The `k` best passages for each of some queries; `options` are further arguments of `search`."""
        return [self.search(query, k, **options) for query in texts_of(queries, "queries")]

    def best_sentence(self, query: str, hit: PassageHit) -> tuple[int, int]:
        """The sentence of a hit that is nearest to the query: its first character in `hit.text`, and one past
        the last. Code is no sentence."""
        import numpy as np

        from sentrep.data.splitting.passages import find_code

        code = find_code(hit.text)
        spans = [
            (start, end)
            for start, end in self._segmenter.spans(hit.text)
            if not any(start < last and end > first for first, last in code)
        ]
        if not spans:
            return 0, len(hit.text)
        assert self.index.encode is not None
        vectors = self.index.encode([query, *(hit.text[start:end] for start, end in spans)])
        lengths = np.maximum(np.linalg.norm(vectors[1:], axis=1), 1e-9)
        return spans[int((vectors[1:] @ vectors[0] / lengths).argmax())]

    def add(self, documents: Corpus | Iterable[tuple[Document, list[Passage]]]) -> int:
        """Add documents. A file replaces what the index has of it; a document without a file replaces one
        with its id. The id of a document of another file is made different.

        Args:
            documents: files and folders, or texts in memory, as for `train`; or documents with their
                passages, as `read` gives them.

        Returns:
            The number of passages added.
        """
        from sentrep.search.documents import Document

        first, documents = _peeked(documents)
        if first is None and isinstance(documents, list | tuple):
            return 0
        if isinstance(first, tuple) and len(first) == 2 and isinstance(first[0], Document):
            return self.index.add(documents)
        return self.add_files(corpus_config(documents, **self.reading), ReadReport())

    def add_files(
        self, config: CorpusConfig, report: ReadReport, when_read: Callable[[], None] = lambda: None
    ) -> int:
        """Add all documents of some files, which replace what the index has of these files. A file that
        cannot be read is left in the index as it was.

        Args:
            config: files and folders.
            report: counts what was read and skipped.
            when_read: see `update`.

        Returns:
            The number of passages added.
        """
        seen = set[str]()

        def named(_: str, path: Path) -> bool:
            seen.add(str(path.resolve()))
            return True

        documents = list(self.read(config, report, named))
        when_read()
        return self.index.add(documents, replaced_files=seen - _lost(report, documents))

    @property
    def reading(self) -> dict[str, Any]:
        """How files were read when the index was made, where that is not the default: fields of
        `CorpusConfig`."""
        known: dict[str, Any] = self.index.manifest.settings.get("reading", {})
        return {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}

    def remove(self, *, ids: str | Sequence[str] = (), files: str | Path | Sequence[str | Path] = ()) -> int:
        """Remove documents by id or by the file they came from; returns the number of passages removed.

        Raises:
            InputError: a name fits no document.
        """
        ids = (ids,) if isinstance(ids, str) else tuple(ids)
        files = tuple(str(Path(path).resolve()) for path in paths_of(files, "files"))
        known = list(self.index.documents())
        for given, names, what in (
            (ids, {document.id for document in known}, "id"),
            (files, {document.file for document in known}, "file"),
        ):
            unknown = [name for name in given if name not in names]
            if unknown:
                raise InputError(f"{opt(what)} {unknown[0]!r}: no document of the index has it")
        return self.index.remove(ids=ids, files=files)

    def update(
        self,
        corpus: Corpus,
        report: ReadReport | None = None,
        when_read: Callable[[], None] = lambda: None,
    ) -> Update:
        """Make the index equal to files as they are now: changed and new ones are read, deleted ones removed.

        A file has changed if the hash of its content differs. All of it is one step: after a crash the index
        has the old state or the new one. A file that cannot be read is left in the index as it was.

        Args:
            corpus: files and folders.
            report: counts what was read and skipped.
            when_read: is called when all is read, before the index changes; an error that it raises leaves
                the index as it was.
        """
        config, report = corpus_config(corpus), report or ReadReport()
        known = {document.file: document.digest for document in self.index.documents()}
        seen: dict[str, str] = {}

        def changed(_: str, path: Path) -> bool:
            name = str(path.resolve())
            try:
                seen[name] = sha256(path)
            except OSError:  # reading it reports the problem
                seen[name] = known.get(name, "")
                return True
            return known.get(name) != seen[name]

        documents = [
            (replace(document, digest=seen.get(document.file, document.digest)), parts)
            for document, parts in self.read(config, report, changed)
        ]
        when_read()
        fresh = {name for name, digest in seen.items() if known.get(name, "") != digest}
        fresh -= _lost(report, documents)
        gone = {name for name in known if name not in seen and inside(name, config) and is_gone(name)}
        before = len(self.index)
        added = self.index.add(documents, replaced_files=fresh | gone)
        changes = fresh & known.keys()
        return Update(
            new=len({document.file for document, _ in documents} - known.keys()),
            changed=len(changes),
            deleted=len(gone),
            unchanged=len(seen.keys() & known.keys() - changes),
            added=added,
            removed=before + added - len(self.index),
        )

    def read(
        self,
        config: CorpusConfig,
        report: ReadReport | None = None,
        wanted: Callable[[str, Path], bool] | None = None,
    ) -> Iterator[tuple[Document, list[Passage]]]:
        """Documents of files, cut into passages as those of the index are.

        Args:
            config: what to read.
            report: counts what was read and skipped.
            wanted: of a file's name and path, whether it is read; all files are if None.
        """
        from sentrep.data.documents import read_source_documents

        for document in read_source_documents(
            config, report, self._segmenter, wanted, code=self.units.keeps_code
        ):
            yield described(document), self.units.of(document)

    @cached_property
    def _segmenter(self) -> Segmenter:
        from sentrep.data.splitting.segment import Segmenter

        return Segmenter.from_json(self.index.attached(SEGMENTER))


def _peeked(documents: Any) -> tuple[Any, Any]:
    """The first item of a list or an iterator, None where there is none; and all of it."""
    if isinstance(documents, Iterator):
        first = next(documents, None)
        return first, [] if first is None else chain([first], documents)
    return documents[0] if isinstance(documents, list | tuple) and documents else None, documents


def _lost(report: ReadReport, documents: Sequence[tuple[Document, list[Passage]]]) -> set[str]:
    """Files that gave no document because they could not be read."""
    places = {place for each in report.unread for place in (each, each.rpartition(":")[0]) if place}
    return {str(Path(place).resolve()) for place in places} - {document.file for document, _ in documents}
