"""The verbs that search: build_index, index, open_index, search.

The file is over 250 lines long because both kinds of indexes are opened and searched alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.documents import index_documents, open_documents
from sentrep.api.embedding import embed
from sentrep.data.corpus import Corpus
from sentrep.data.inputs import texts_of
from sentrep.inference.document_search import DocumentSearch
from sentrep.inference.loading import embedder, encoding, opened_for, stamp
from sentrep.inference.units import Units
from sentrep.search.blank import is_blank
from sentrep.search.kind_names import checked_kind
from sentrep.search.place import index_place
from sentrep.utils.errors import InputError, opt
from sentrep.utils.settings import arguments_checked, checked

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.inference.loading import Embedder
    from sentrep.search import Hit, Index
    from sentrep.search.documents import PassageHit
    from sentrep.training.job import Trained


@dataclass(frozen=True)
class Search:
    """An index together with the model that it was made with."""

    index: Index
    model: Embedder
    precision: str = "auto"
    """Of the vectors of queries; see `embed`."""

    def __call__(self, query: str, k: int = 10) -> list[Hit]:
        """The `k` sentences nearest to `query` by cosine, best first."""
        return self.many([checked("query", query, str)], k)[0]

    def many(self, queries: Iterable[str], k: int = 10) -> list[list[Hit]]:
        """The `k` sentences nearest to each of some queries, which are encoded and searched together."""
        given, k = texts_of(queries, "queries"), checked("k", k, int)
        if not given:
            return []
        vectors = encoding(self.model, self.precision)(given)
        vectors[[is_blank(text) for text in given]] = 0  # finds nothing
        return self.index.search(vectors, k)

    def __len__(self) -> int:
        return len(self.index)


@arguments_checked
def build_index(
    model: str | Path | Encoder | Trained,
    texts: Iterable[str],
    out: str | Path,
    *,
    ids: Iterable[str] | None = None,
    kind: str = "auto",
    precision: str = "auto",
    overwrite: bool = False,
    wait: bool = False,
    offline: bool = False,
    hub: bool = False,
) -> Search:
    """Embed texts and write a search index with them to the folder `out`.

    Args:
        model: a path, a name, an encoder or a finished run.
        texts: what can be found, as `embed` takes it.
        out: folder of the index.
        ids: of the texts; their numbers if None.
        kind: 'flat' is exact; 'hnsw', 'ivf' and 'ivf-pq' are approximate, for more than some 50,000 texts;
            'ivf-pq' takes a third of the memory of 'ivf'; 'binary' compares the signs of the vectors and
            scores the nearest exactly; 'auto' chooses by the number of texts and the memory.
        precision: of the computation: 'auto' is bf16 if the processor supports it, else fp32.
        overwrite: replace another index that is in `out`.
        wait: if another process writes `out`, wait for it instead of raising an error.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        The index with its model: ``search("words", k=3)`` gives hits.

    Raises:
        InputError: the model cannot be opened, `texts` cannot be indexed, there is no such kind, or `out`
            holds something else.

    Example:
        >>> search = sentrep.build_index("runs/first", ["The ship left.", "A cat came back."], "two.index")
        >>> [hit.text for hit in search("A cat came back.", k=1)]
        ['A cat came back.']
    """
    of_kind = checked_kind(kind)
    given, names = texts_of(texts), None if ids is None else texts_of(ids, "ids")
    place, encoder = checked("out", out, Path), embedder(model, precision, offline, hub)

    from sentrep.search import Index

    vectors = embed(encoder, given, precision=precision)
    index = Index.build(
        vectors,
        names,
        given,
        out=place,
        model=stamp(model, encoder),
        kind=of_kind,
        overwrite=overwrite,
        wait=wait,
    )
    return Search(index, encoder, precision)


@arguments_checked
def index(
    source: str | Path | Encoder | Trained,
    out: str | Path,
    *,
    input: Corpus | None = None,
    kind: str = "auto",
    dtype: str = "float32",
    precision: str = "auto",
    memory: float | None = None,
    units: Units | None = None,
    language: str = "auto",
    center: bool = False,
    smooth: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    wait: bool = False,
    offline: bool = False,
    hub: bool = False,
    **fields: Any,
) -> Index | DocumentSearch:
    """Write a search index: over the passages of documents, or over a folder of vectors.

    Args:
        source: a model, together with `input`; or a folder that `embed_corpus` made.
        out: folder of the index.
        input: files, folders or documents. Their passages are searched by vectors and by words.
        kind: of an index over vectors; see `build_index`.
        dtype: how an index over vectors stores them, 'float32' or 'float16'.
        precision: of the computation: 'auto' is bf16 if the processor supports it, else fp32.
        memory: limit in GB for the index that 'auto' chooses; half of the free memory if None. The vectors
            stay on the disk.
        units: what is found in documents; passages of about 120 words if None.
        language: of the stemmer of BM25, for documents; 'auto' detects it, '' means no stemming.
        center: of documents: subtract the mean from the vectors of passages, and another from those of
            queries.
        smooth: of documents: add to the score of a passage a part of the scores of its nearest neighbours.
        overwrite: replace another index that is in `out`.
        strict: raise for anything of `input` that was skipped or damaged.
        wait: if another process writes `out`, wait for it instead of raising an error.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        fields: of `CorpusConfig`, such as ``text_field="body"``.

    Returns:
        With `input`, the index with its model, a `DocumentSearch`; else the index over vectors, an `Index`.

    Raises:
        InputError: the model or the folder of vectors cannot be opened, `input` cannot be read, a setting
            does not fit, or `out` holds something else.

    Example:
        >>> index = sentrep.index("runs/first", "mine.index", input="texts")
        >>> len(index.search("the bread in the kitchen", k=3))
        3
    """
    place = checked("out", out, Path)
    if input is None:
        if center or smooth:
            name = opt("center" if center else "smooth")
            raise InputError(f"{name} is for an index of documents; give them as {opt('input')}")
        return index_embedded(
            checked("source", source, Path), place, kind=kind, dtype=dtype, memory=memory,
            overwrite=overwrite, wait=wait,
        )  # fmt: skip
    checked_kind(kind)
    return index_documents(
        source, input, place, units=units, language=language, center=center, smooth=smooth,
        precision=precision, overwrite=overwrite, strict=strict, wait=wait, offline=offline, hub=hub,
        **fields,
    )  # fmt: skip


@arguments_checked
def index_embedded(
    folder: str | Path,
    out: str | Path,
    *,
    kind: str = "auto",
    dtype: str = "float32",
    memory: float | None = None,
    overwrite: bool = False,
    wait: bool = False,
) -> Index:
    """Write a search index over the vectors in a folder; one shard is in memory at a time.

    Args:
        folder: what `embed_corpus` made.
        out: folder of the index.
        kind: see `build_index`.
        dtype: how the index stores vectors, 'float32' or 'float16'.
        memory: limit in GB for the index that 'auto' chooses; half of the free memory if None.
        overwrite: replace another index that is in `out`.
        wait: if another process writes `out`, wait for it instead of raising an error.

    Returns:
        The index, without a model.

    Raises:
        InputError: `folder` holds no vectors or is damaged, there is no such kind, `memory` is not above 0,
            or `out` holds something else.

    Example:
        >>> embedded = sentrep.embed_corpus("runs/first", "texts", "for_index.vectors")
        >>> len(sentrep.api.index_embedded("for_index.vectors", "vectors.index"))
        216
    """
    budget = checked("memory", memory, float | None)
    if budget is not None and budget <= 0:
        raise InputError(f"{opt('memory')} {budget}: must be above 0")
    of_kind = checked_kind(kind)

    from sentrep.embedding import Embedded
    from sentrep.search import Index

    return Index.build(
        Embedded.open(folder), out=out, kind=of_kind, dtype=dtype, overwrite=overwrite, wait=wait,
        memory=None if budget is None else int(budget * 1e9),
    )  # fmt: skip


@arguments_checked
def open_index(
    path: str | Path,
    model: str | Path | Encoder | Trained | None = None,
    *,
    verify: bool = False,
    precision: str = "auto",
    offline: bool = False,
    hub: bool = False,
) -> Search | DocumentSearch:
    """Open an index together with the model that it was made with.

    Args:
        path: folder of the index, or what `build` made.
        model: the index's model, if its folder was moved.
        verify: read all files now and compare their checksums; else each is checked when it is first read.
        precision: of the vectors of queries; see `embed`.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        The index with its model: a `DocumentSearch` for documents, else a `Search`.

    Raises:
        InputError: there is no index, it is damaged, or the model is another or has moved.

    Example:
        >>> index = sentrep.open_index("texts.index")
        >>> index("the harbour", k=1)[0].document.file.endswith(".txt")
        True
    """
    place = index_place(checked("path", path, Path))

    from sentrep.search import Index
    from sentrep.search.documents.manifest import is_document_index

    if is_document_index(place):
        return open_documents(place, model, verify=verify, precision=precision, offline=offline, hub=hub)
    found = Index.open(place, verify=verify)
    encoder = opened_for(found.info.model, place, model, precision, offline, hub)
    return Search(found, encoder, precision)


@arguments_checked
def search(
    index: str | Path | Search | DocumentSearch,
    query: str,
    k: int = 10,
    *,
    model: str | Path | Encoder | Trained | None = None,
    offline: bool = False,
    hub: bool = False,
) -> list[Hit] | list[PassageHit]:
    """Find the sentences or passages of an index that fit a query best.

    An index over vectors finds sentences by cosine, an index of documents finds passages by vectors and by
    words.

    Args:
        index: folder of an index, or an index that is open (`open_index`), which is quicker for many queries.
        query: what to look for.
        k: how many hits.
        model: the index's model, if its folder was moved.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Returns:
        Hits, best first: ``hit.id``, ``hit.text``; of sentences ``hit.score``, of passages ``hit.scores``,
        ``hit.document``, ``hit.heading``, ``hit.span``, and ``hit.also`` (other documents with its words).

    Raises:
        InputError: there is no index, it is damaged, or its model is another or has moved; or `k` is below 1.

    Example:
        >>> hits = sentrep.search("texts.index", "the harbour", k=2)
        >>> len(hits), "harbour" in hits[0].text
        (2, True)
    """
    found = open_index(index, model, offline=offline, hub=hub) if isinstance(index, str | Path) else index
    return found(query, k)
