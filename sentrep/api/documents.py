"""The verbs on documents: index them, open such an index."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.corpus import Corpus, corpus_config
from sentrep.inference.document_search import SEGMENTER, DocumentSearch, Units, described
from sentrep.inference.loading import encoding, opened, stamp
from sentrep.utils.errors import InputError, opt

if TYPE_CHECKING:
    from sentrep.data.reading.report import ReadReport
    from sentrep.encoders.serialization import Encoder
    from sentrep.search.documents import Mode


def index_documents(
    model: str | Path | Encoder,
    corpus: Corpus,
    out: str | Path,
    *,
    units: Units | None = None,
    language: str = "auto",
    mode: Mode = "hybrid",
    overwrite: bool = False,
    report: ReadReport | None = None,
) -> DocumentSearch:
    """Read documents, cut them into passages, and write a hybrid search index over them.

    Args:
        model: what gives the vectors.
        corpus: what to read.
        out: folder of the index.
        units: what is searched; passages of about 120 words if None.
        language: whose stemmer the lexical side uses; 'auto' guesses it, '' takes words as they stand.
        mode: how the index is searched by default.
        overwrite: replace another index that is in `out`.
        report: counts what was read and skipped.

    Raises:
        InputError: nothing can be read, or `out` holds something else.
    """
    from sentrep.data.analysis import Analysis
    from sentrep.data.documents import read_source_documents, trained_segmenter
    from sentrep.data.language import guess_language
    from sentrep.search.documents import DocumentIndex

    units, encoder, config = units or Units(), opened(model), corpus_config(corpus)
    place = _free(Path(out), overwrite)
    segmenter = trained_segmenter(config)
    read = list(read_source_documents(config, report, segmenter))
    if language == "auto":
        language = guess_language(document.text[:2000] for document in read)
    analysis = Analysis(language)
    aside = place.with_name(f".{place.name}.partial")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        index = DocumentIndex.create(
            aside,
            stamp(model, encoder),
            analysis,
            analysis=analysis.language,
            encode=encoding(encoder),
            settings=asdict(units) | {"mode": mode},
            attached={SEGMENTER: segmenter.to_json()},
        )
        index.add((described(document), units.of(document)) for document in read)
        if place.exists():
            shutil.rmtree(place)
        aside.rename(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return open_documents(place, encoder)


def open_documents(
    path: str | Path, model: str | Path | Encoder | None = None, *, verify: bool = False
) -> DocumentSearch:
    """Open an index of documents with the model it was made with.

    Args:
        path: its folder.
        model: the index's model, where that has moved.
        verify: compare all files with their checksums.

    Raises:
        InputError: the index is damaged, or the model is another or has moved.
    """
    from sentrep.data.analysis import Analysis
    from sentrep.encoders.serialization import content_hash
    from sentrep.search.documents import DocumentIndex

    index = DocumentIndex.open(path, Analysis(_language(path)), verify=verify)
    own = index.manifest.model
    if model is None and own.path and not Path(own.path).exists():
        raise InputError(f"the model of {path} is no longer at {own.path}; say where it is ({opt('model')})")
    encoder = opened((own.path or own.name) if model is None else model)
    if content_hash(encoder) != own.content_hash:
        raise InputError(
            f"{path} was made with {own.name} (content {own.content_hash[:12]}), not with this model; "
            f"give that one ({opt('model')}), or make the index again"
        )
    index.encode = encoding(encoder)
    settings = {name: index.manifest.settings[name] for name in ("unit", "words", "overlap")}
    return DocumentSearch(index, encoder, Units(**settings))


def _language(path: str | Path) -> str:
    from sentrep.search.documents.manifest import DocumentManifest

    return DocumentManifest.read(Path(path)).analysis


def _free(out: Path, overwrite: bool) -> Path:
    """`out`, if an index may be written there."""
    from sentrep.search.documents.manifest import is_document_index

    if out.exists() and (out.is_file() or any(out.iterdir())):
        if not is_document_index(out):
            raise InputError(f"{out} exists and is no index of documents; give another folder")
        if not overwrite:
            raise InputError(
                f"{out} holds an index; replace it with {opt('overwrite')}, or give another folder"
            )
    return out
