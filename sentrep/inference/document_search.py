"""Search over the passages of documents: an index with its model, kept up to date with files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, corpus_config
from sentrep.data.truncation import Truncation
from sentrep.inference.units import Units
from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import sha256

if TYPE_CHECKING:
    from sentrep.data.documents import SourceDocument
    from sentrep.data.reading.report import ReadReport
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
        """
        from sentrep.inference.repeats import distinct

        find = partial(self.index.search, text, mode=mode or self.mode, filters=filters, smooth=smooth)
        return find(k) if repeats else distinct(find, k)

    __call__ = search

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
        """Add documents; one whose id is there already replaces the old one.

        Args:
            documents: files and folders; or documents with their passages, as `read` gives them.

        Returns:
            The number of passages added.
        """
        if isinstance(documents, str | Path | CorpusConfig):
            documents = self.read(corpus_config(documents))
        return self.index.add(cast("Iterable[tuple[Document, list[Passage]]]", documents))

    def remove(self, *, ids: tuple[str, ...] = (), files: tuple[str, ...] = ()) -> int:
        """Remove documents by id or by the file they came from; returns the number of passages removed.

        Raises:
            InputError: a name fits no document.
        """
        known = list(self.index.documents())
        for given, names, what in (
            (ids, {document.id for document in known}, "id"),
            (files, {document.file for document in known}, "file"),
        ):
            unknown = [name for name in given if name not in names]
            if unknown:
                raise InputError(f"{opt(what)} {unknown[0]!r}: no document of the index has it")
        return self.index.remove(ids=ids, files=files)

    def update(self, corpus: Corpus, report: ReadReport | None = None) -> Update:
        """Make the index equal to files as they are now: changed and new ones are read, deleted ones removed.

        A file has changed if the hash of its content differs. All of it is one step: after a crash the index
        has the old state or the new one.
        """
        config = corpus_config(corpus)
        known = {document.file: document.digest for document in self.index.documents()}
        seen: dict[str, bool] = {}

        def changed(_: str, path: Path) -> bool:
            name = str(path.resolve())
            seen[name] = known.get(name) != sha256(path)
            return seen[name]

        documents = list(self.read(config, report, changed))
        fresh = {name for name, differs in seen.items() if differs}
        gone = {name for name in known if name not in seen and _inside(name, config)}
        before = len(self.index)
        added = self.index.add(documents, replaced_files=fresh | gone)
        new = len(fresh - set(known))
        return Update(
            new=new,
            changed=len(fresh) - new,
            deleted=len(gone),
            unchanged=len(seen) - len(fresh),
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


@dataclass(frozen=True)
class Update:
    """What `DocumentSearch.update` did."""

    new: int
    """Files that were not in the index."""
    changed: int
    """Files whose content differed."""
    deleted: int
    """Files that were in the index and are no longer there."""
    unchanged: int
    """Files that were not read again."""
    added: int
    """Passages added."""
    removed: int
    """Passages removed."""


def described(document: SourceDocument) -> Document:
    """What an index remembers of a document besides its passages."""
    from sentrep.search.documents import Document

    file = Path(document.file)
    digest = _digest(file) if file.is_file() else ""
    place = str(file.resolve()) if digest else ""
    return Document(document.id, document.title, place, digest, dict(document.fields))


def _digest(file: Path) -> str:
    """Content hash of a file, computed once for all documents of the file."""
    status = file.stat()
    return _hashed(file, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=16)
def _hashed(file: Path, changed: int, size: int) -> str:
    return sha256(file)


def _inside(name: str, config: CorpusConfig) -> bool:
    """Whether a file is one of those that a corpus names, or lies in one of its folders."""
    places = [Path(place).expanduser().resolve() for place in config.corpus]
    return any(Path(name).is_relative_to(place) for place in places)
