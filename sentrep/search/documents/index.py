"""The index of documents as its users see it.

Its folder holds immutable segments and one manifest that names them:

    manifest.json         format, model, analysis, segments, checksums
    segment-000001/       dense/ (a vector index with ids and texts), postings of BM25, documents and spans
    removed-000004.npy    (row,) true for removed passages of all segments
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sentrep.search.blank import is_blank
from sentrep.search.documents import changes, query
from sentrep.search.documents.centring import MEANS, Means
from sentrep.search.documents.changes import Documents, Encode
from sentrep.search.documents.manifest import DocumentManifest
from sentrep.search.documents.passages import Document
from sentrep.search.documents.query import Mode, PassageHit, Query
from sentrep.search.documents.state import Floats, State
from sentrep.search.folder import ModelStamp
from sentrep.search.fusion import USUAL, Fusion
from sentrep.search.lexical import Analyze
from sentrep.utils.errors import InputError, at
from sentrep.utils.files import whole
from sentrep.utils.manifest import FileStamp
from sentrep.utils.vectors import unit


class DocumentIndex:
    """An open index of documents. Make one with `DocumentIndex.create`, open one with `DocumentIndex.open`.

    Args:
        state: the open folder.
        analyze: analysis of the lexical side, the one that the index was made with.
        encode: texts to vectors by the index's model; without it only lexical search is possible.
    """

    def __init__(self, state: State, analyze: Analyze, encode: Encode | None = None) -> None:
        self._state, self.analyze, self.encode = state, analyze, encode
        self._means = Means.read(self.path / MEANS) if MEANS in state.manifest.attached else None

    @property
    def path(self) -> Path:
        """Its folder."""
        return self._state.path

    @property
    def manifest(self) -> DocumentManifest:
        """Model, analysis and settings that it was made with."""
        return self._state.manifest

    def __len__(self) -> int:
        """Passages that can be found."""
        return int(self._state.kept.sum())

    @classmethod
    def create(
        cls,
        path: Path | str,
        model: ModelStamp,
        analyze: Analyze,
        *,
        analysis: str,
        encode: Encode | None = None,
        settings: Mapping[str, Any] | None = None,
        attached: Mapping[str, str] | None = None,
        means: Means | None = None,
    ) -> DocumentIndex:
        """Make an empty index.

        Args:
            path: its folder, which must not exist or be empty.
            model: the model whose vectors it will hold.
            analyze: text to index terms.
            analysis: the name of `analyze` that is stored.
            encode: texts to vectors by the model.
            settings: how documents are cut into passages; they are stored.
            attached: texts to be kept in files of these names, such as a trained sentence splitter.
            means: are subtracted from all vectors of passages and queries; vectors are as the model gives
                them if None.

        Raises:
            InputError: there is something in the folder.
        """
        path = Path(path)
        if path.exists() and (path.is_file() or any(path.iterdir())):
            raise InputError(f"{at(path)} exists and is not empty; give another folder")
        path.mkdir(parents=True, exist_ok=True)
        contents = {name: text.encode() for name, text in (attached or {}).items()}
        contents |= {MEANS: means.to_bytes()} if means else {}
        stamps = {name: _attach(path / name, content) for name, content in contents.items()}
        manifest = DocumentManifest(
            model, analysis, dict(settings or {}), attached=tuple(stamps), files=stamps
        )
        manifest.write(path)
        return cls(State(path, manifest), analyze, encode)

    @classmethod
    def open(
        cls, path: Path | str, analyze: Analyze, encode: Encode | None = None, *, verify: bool = False
    ) -> DocumentIndex:
        """Open an index.

        Args:
            path: its folder.
            analyze: the analysis that the manifest names.
            encode: texts to vectors by the model that the manifest names.
            verify: compare all files with their checksums.

        Raises:
            InputError: the folder is damaged or of another format.
        """
        manifest = DocumentManifest.read(Path(path), verify)
        return cls(State(Path(path), manifest, verify), analyze, encode)

    def attached(self, name: str) -> str:
        """The text of a file that was given when the index was made."""
        return (self.path / name).read_text(encoding="utf-8")

    @property
    def fusion(self) -> Fusion:
        """How dense and lexical scores become one where a search does not say."""
        return Fusion(**self.manifest.settings.get("fusion", USUAL._asdict()))

    def documents(self) -> Iterator[Document]:
        """All documents that can be found."""
        kept = self._state.kept
        return (document for document, rows in self._state.documents() if kept[rows.start])

    def search(
        self,
        text: str,
        k: int = 10,
        *,
        mode: Mode = "hybrid",
        filters: Mapping[str, str] | None = None,
        dense_weight: float | None = None,
        smooth: bool | None = None,
    ) -> list[PassageHit]:
        """The `k` best passages for a query, best first; fewer where nothing else matches.

        Args:
            text: the query.
            k: hits at most.
            mode: 'hybrid' fuses both searches, 'dense' ranks by cosine, 'lexical' by BM25.
            filters: only passages of documents whose fields have these values; id, title and file count as
                fields.
            dense_weight: share of the dense scores in hybrid mode; as the index was made if None.
            smooth: whether a passage's score takes in those of the passages nearest to it; as the index was
                made if None.

        Raises:
            InputError: an argument is out of range, or the index was opened without its model.
        """
        vector = self._vector(text) if mode != "lexical" else None
        smooth = bool(self.manifest.settings.get("smooth", False)) if smooth is None else smooth
        asked = Query(self.analyze(text), vector)
        fusion = self.fusion if dense_weight is None else self.fusion._replace(dense=dense_weight)
        try:
            return query.search(self._state, asked, k, mode, filters, fusion, smooth)
        except (FileNotFoundError, InputError):
            # Another process may have changed or replaced the index, and with it files of the old state.
            if (current := self._state.current()) is self._state:
                raise
            self._state = current
            return query.search(self._state, asked, k, mode, filters, fusion, smooth)

    def add(self, documents: Documents, *, replaced_files: Collection[str] = ()) -> int:
        """Add documents, each with its passages; one whose id is there already replaces the old one, unless
        both come from files and these differ: then it gets another id.

        Args:
            documents: to add.
            replaced_files: whatever came from these files is removed in the same step.

        Returns:
            The number of passages added.

        Raises:
            InputError: an id occurs twice in `documents`, or the index was opened without its model.
        """
        self._state, count = changes.add(
            self._state, documents, self.analyze, self._passages, set(replaced_files)
        )
        return count

    def remove(self, *, ids: Collection[str] = (), files: Collection[str] = ()) -> int:
        """Remove documents by id or by the file they came from; returns the number of passages removed."""
        self._state, count = changes.remove(self._state, self.analyze, set(ids), set(files))
        return count

    def _encoder(self) -> Encode:
        if self.encode is None:
            raise InputError(
                "the index was opened without its model; only lexical search is possible", setting="model"
            )
        return self.encode

    def _passages(self, texts: Sequence[str]) -> Floats:
        """Vectors of passages (text, width)."""
        vectors = self._encoder()(texts)
        return self._means.centred_passages(vectors) if self._means else vectors

    def _vector(self, text: str) -> Floats | None:
        """The query at length 1; None for a query without words or a zero vector, which resemble nothing."""
        if is_blank(text):
            return None
        vectors = self._encoder()([text])
        vector = unit(self._means.centred_queries(vectors) if self._means else vectors)[0]
        return vector if vector.any() else None


def _attach(file: Path, content: bytes) -> FileStamp:
    with whole(file) as out:
        out.write(content)
    return FileStamp.of(file)
