"""Indexes of documents: made from a corpus or from documents that are read already, and opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import corpus_source
from sentrep.api.reading import announce_truncation, watched
from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus
from sentrep.data.reading.report import ReadReport
from sentrep.inference.document_search import SEGMENTER, DocumentSearch
from sentrep.inference.indexed_files import described
from sentrep.inference.loading import embedder, encoding, opened_for, stamp
from sentrep.inference.units import Units
from sentrep.search.place import index_place
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import whole_folder
from sentrep.utils.locks import writer
from sentrep.utils.settings import checked

if TYPE_CHECKING:
    from sentrep.data.documents import SourceDocument
    from sentrep.data.splitting.segment import Segmenter
    from sentrep.encoders.serialization import Encoder
    from sentrep.inference.loading import Embedder
    from sentrep.search import ModelStamp
    from sentrep.search.documents import Document, Mode
    from sentrep.search.fusion import Fusion
    from sentrep.training.job import Trained

    Read = tuple[Document, SourceDocument]
    """The record of a document in the index, with the hash of its file; and the document as it was read."""


def index_documents(
    model: str | Path | Encoder | Trained,
    corpus: Corpus,
    out: str | Path,
    *,
    units: Units | None = None,
    language: str = "auto",
    mode: Mode = "hybrid",
    fusion: Fusion | None = None,
    center: bool = False,
    smooth: bool = False,
    precision: str = "auto",
    overwrite: bool = False,
    strict: bool = False,
    wait: bool = False,
    offline: bool = False,
    hub: bool = False,
    kept_at: Path | None = None,
    **fields: Any,
) -> DocumentSearch:
    """Read documents, cut them into passages, and write a hybrid search index over them.

    Args:
        model: what gives the vectors: a path, a name, an encoder or a finished run.
        corpus: files, folders, '-' or the name of a data set; or documents in memory, as for `train`.
        out: folder of the index.
        units: what is found; passages of about 120 words if None.
        language: of the stemmer of BM25; 'auto' detects it, '' means no stemming.
        mode: how the index is searched where a search does not say.
        fusion: how dense and lexical scores become one; the mean of min-max scaled scores if None.
        center: subtract their means from the vectors of passages and of queries.
        smooth: add to the score of a passage those of its nearest neighbours, where a search does not say.
        precision: of the computation: 'auto' is bf16 if the processor supports it, else fp32.
        overwrite: replace another index that is in `out`.
        strict: raise for anything that was skipped or damaged.
        wait: if another process writes `out`, wait for it instead of raising an error.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        kept_at: where the model will be when the index is opened; where it is now if None.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        The index with its model.

    Raises:
        InputError: nothing can be read, or `out` holds something else.
    """
    from sentrep.data.analysis import check_language
    from sentrep.data.documents import read_source_documents

    check_language(language)
    place, config = checked("out", out, Path), corpus_source(corpus, fields, offline=offline, hub=hub)
    with writer(place, "index", wait=wait):
        _check_free(place, overwrite)
        encoder = embedder(model, precision, offline, hub)
        segmenters: list[Segmenter] = []
        report, units = ReadReport(), units or Units()
        stream = read_source_documents(config, report, code=units.keeps_code, trained=segmenters.append)
        read = ((described(document), document) for document in watched(stream, report, strict))
        first = next(read)  # by then the sentence splitter is trained
        splitter, reading = segmenters[0].to_json(), reading_of(config)
        settings = IndexSettings(units, language, mode, precision, splitter, center, smooth, fusion, reading)
        with whole_folder(place) as folder:
            _make(folder, chain([first], read), _stamp(model, encoder, kept_at), encoder, settings)
    return open_documents(place, encoder, precision=precision)


def index_source_documents(
    model: Path, documents: Iterable[Read], out: Path, settings: IndexSettings, kept_at: Path
) -> Embedder:
    """Write an index over documents that are read already; returns its model, open.

    Args:
        model: folder of what gives the vectors.
        documents: what is indexed, as `described` describes it.
        out: folder of the index; it must not exist.
        settings: how it is made.
        kept_at: where the model will be when the index is opened.
    """
    encoder = embedder(model, settings.precision)
    with whole_folder(out) as folder:
        _make(folder, documents, _stamp(model, encoder, kept_at), encoder, settings)
    return encoder


def _stamp(model: str | Path | Encoder | Trained, encoder: Embedder, kept_at: Path | None) -> ModelStamp:
    """What the index remembers of the model, which will be at `kept_at` where that is given."""
    made_by = stamp(model, encoder)
    return made_by if kept_at is None else replace(made_by, name=str(kept_at), path=str(kept_at.absolute()))


@dataclass(frozen=True)
class IndexSettings:
    """How an index of documents is made."""

    units: Units
    language: str
    mode: Mode
    precision: str
    segmenter: str
    """The sentence splitter, as JSON."""
    center: bool = False
    smooth: bool = False
    fusion: Fusion | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)
    """How files were read, for those that come later; see `reading_of`."""

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings that are stored in the index."""
        how: dict[str, Any] = {"mode": self.mode, "smooth": self.smooth}
        how |= {"fusion": self.fusion._asdict()} if self.fusion else {}
        how |= {"reading": dict(self.reading)} if self.reading else {}
        return asdict(self.units) | how


def _make(
    folder: Path, documents: Iterable[Read], model: ModelStamp, encoder: Embedder, settings: IndexSettings
) -> None:
    from sentrep.data.analysis import Analysis
    from sentrep.data.language import SAMPLE, guess_language
    from sentrep.search.documents import DocumentIndex
    from sentrep.search.documents.centring import Means

    passages, beginnings = [], list[str]()
    for about, document in documents:
        passages.append((about, settings.units.of(document)))
        if len(beginnings) < SAMPLE:
            beginnings.append(document.text[:2000])
    language = guess_language(beginnings) if settings.language == "auto" else settings.language
    analysis, encode = Analysis(language), encoding(encoder, settings.precision)
    index = DocumentIndex.create(
        folder,
        model,
        analysis,
        analysis=analysis.language,
        encode=encode,
        settings=settings.recorded,
        attached={SEGMENTER: settings.segmenter},
        means=Means.of(encode, passages) if settings.center else None,
    )
    index.add(passages)
    announce_truncation(encode.truncation, f"{settings.units.unit}s")


def open_documents(
    path: str | Path,
    model: str | Path | Encoder | Trained | None = None,
    *,
    verify: bool = False,
    precision: str = "auto",
    offline: bool = False,
    hub: bool = False,
) -> DocumentSearch:
    """Open an index of documents with the model it was made with.

    Args:
        path: its folder, or what `build` made.
        model: the index's model, if its folder was moved.
        verify: compare all files with their checksums.
        precision: of the vectors of queries; see `embed`.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: the index is damaged, or the model is another or has moved.
    """
    from sentrep.data.analysis import Analysis
    from sentrep.search.documents import DocumentIndex
    from sentrep.search.documents.manifest import DocumentManifest

    place = index_place(checked("path", path, Path))
    index = DocumentIndex.open(place, Analysis(DocumentManifest.read(place).analysis), verify=verify)
    encoder = opened_for(index.manifest.model, place, model, precision, offline, hub)
    index.encode = encoding(encoder, precision)
    settings = index.manifest.settings
    kept = {name: settings.get(name, False) for name in asdict(Units())}  # older indexes have no code
    return DocumentSearch(index, encoder, Units(**kept))


def reading_of(config: CorpusConfig) -> dict[str, Any]:
    """The settings of reading that are stored in an index: those that are not the default."""
    names = ("text_field", "title_field", "id_field", "keep_fields", "split")
    found = {name: getattr(config, name) for name in names}
    return {name: value for name, value in found.items() if value != getattr(CorpusConfig, name)}


def _check_free(out: Path, overwrite: bool) -> None:
    """Refuse a folder that an index may not be written to."""
    from sentrep.search.documents.manifest import is_document_index

    if out.exists() and (out.is_file() or any(out.iterdir())):
        if not is_document_index(out):
            raise InputError(f"{at(out)} exists and is no index of documents; give another folder")
        if not overwrite:
            raise InputError(f"{at(out)} holds an index; give another folder, or {opt('overwrite')}")
