"""The verb clusters: groups of texts with names, and the cluster of new texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.mining_inputs import items_of, split_options
from sentrep.api.mining_vectors import TextVectors, vectors_of
from sentrep.data.corpus import Corpus
from sentrep.data.outputs import check_outputs
from sentrep.mining.items import Item, on_disk, texts_of
from sentrep.mining.output import check_ending, write_rows
from sentrep.mining.settings import ClusterSettings
from sentrep.utils.errors import InputError, opt
from sentrep.utils.record_file import View
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.mining.cluster_store import ClusterStore
    from sentrep.mining.clusters import Clustering


@dataclass(frozen=True)
class Cluster:
    """A cluster of texts."""

    number: int
    """From 1, the largest first."""
    size: int
    name: list[str]
    """Terms that are frequent in it and rare in others."""
    representative: str
    """The text nearest to its centre."""


@dataclass(frozen=True)
class Clusters:
    """The clusters of a corpus."""

    clusters: list[Cluster]
    labels: list[int]
    """Number of each text's cluster, in the order of the corpus; 0 outside of all clusters."""
    ids: Sequence[str]
    texts: Sequence[str]
    """The texts, read from a temporary file when they are needed, like the ids."""
    agreement: float
    """Mean adjusted Rand index over the seeds; 1 is full agreement."""
    merges: list[tuple[int, int, float]]
    """The hierarchy: which two clusters (from 1) are joined next, and at which distance; the cluster of
    merge m has the number of clusters + m."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row for each text."""
        names = {each.number: ", ".join(each.name) for each in self.clusters}
        for name, text, label in zip(self.ids, self.texts, self.labels, strict=True):
            yield {"id": name, "cluster": label, "name": names.get(label, ""), "text": text}


@arguments_checked
def clusters(
    input: Corpus,
    *,
    model: object = None,
    settings: ClusterSettings | None = None,
    assign: Corpus | None = None,
    stored: str | Path | None = None,
    save: str | Path | None = None,
    out: str | Path | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
    **options: Any,
) -> Clusters:
    """Cluster the texts of a corpus, and name the clusters.

    Args:
        input: files, folders, '-', a data set, texts in memory, or a folder of embedded sentences.
        model: a model; without one, and without vectors, latent semantic analysis of the texts.
        settings: how many clusters, and by which method.
        assign: new texts: each gets the nearest cluster of `input`; the clusters do not change. The labels,
            ids and texts that are returned are those of the new texts.
        stored: a folder of clusters that `save` made. The texts of `input` get the nearest of them; no new
            clusters are made.
        save: folder to keep the clusters in.
        out: file to write each text with its cluster to: .jsonl, .csv, .tsv or .parquet.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: also look on the hub for names without an owner.
        options: of `ClusterSettings` and `CorpusConfig`, such as ``k=8, text_field="body"``.

    Returns:
        The clusters with their names, and the number of each text's cluster.

    Raises:
        InputError: the corpus or a setting is wrong.

    Example:
        >>> texts = ["the red dog runs", "a red dog barks", "stock prices fell", "prices of stock rose"] * 9
        >>> sorted(cluster.size for cluster in clusters(texts, k=2).clusters)
        [18, 18]
    """
    chosen, fields = split_options(settings or ClusterSettings(), options)
    if out is not None:
        check_ending(Path(out))
    check_outputs([input, assign], out=out)
    if save is not None:
        from sentrep.mining.cluster_store import check_free

        check_free(Path(save), out)
    if stored is not None and (assign is not None or save is not None):
        raise InputError(
            f"{opt('stored')}: stored clusters do not change; leave out {opt('assign')} and {opt('save')}"
        )

    def read(corpus: Corpus, name: str) -> tuple[Sequence[Item], TextVectors | None]:
        found = items_of(corpus, fields, name, unit=chosen.unit, strict=strict, offline=offline, hub=hub)
        items = on_disk(found)
        return items, vectors_of(corpus, items, model, offline=offline, hub=hub)

    items, made = read(input, "input")
    if stored is not None:
        store = _opened(Path(stored))
        labels = _assigned(store, items, made)
    else:
        found, store = clustered(items, made, chosen)
        labels = found.labels
        if save is not None:
            store.save(Path(save))
        if assign is not None:
            items, made = read(assign, "assign")
            labels = _assigned(store, items, made)
    result = _result(store, items, labels)
    if out is not None:
        write_rows(result.rows(), Path(out))
    return result


def _opened(folder: Path) -> ClusterStore:
    from sentrep.mining.cluster_store import ClusterStore

    return ClusterStore.open(folder)


def clustered(
    items: Sequence[Item], made: TextVectors | None, settings: ClusterSettings
) -> tuple[Clustering, ClusterStore]:
    """The clusters of texts, and what is kept of them for new texts."""
    from sentrep.mining.cluster_store import ClusterStore, StoredCluster
    from sentrep.mining.clusters import cluster_texts
    from sentrep.mining.text_vectors import LsaSpace

    texts = texts_of(items)
    space = None
    if made is None:
        space = LsaSpace.of(texts)
        made = TextVectors(space(texts), "")
    found = cluster_texts(texts, made.vectors, settings)
    parts = zip(found.sizes.tolist(), found.names, found.representatives.tolist(), strict=True)
    kept = [StoredCluster(size, name, texts[at]) for size, name, at in parts]
    rounded = round(found.agreement, 4)
    return found, ClusterStore(kept, found.centres, rounded, found.merges, made.model, space)


def _assigned(store: ClusterStore, items: Sequence[Item], made: TextVectors | None) -> NDArray[np.int64]:
    """The nearest of stored clusters for each text (text,); 0 is the first."""
    from sentrep.mining.clusters import assign

    if made is None:
        if store.space is None:
            raise InputError(f"{opt('model')}: give the model that the clusters were made with")
        made = TextVectors(store.space(texts_of(items)), "")
    if len(made.vectors):
        store.check_vectors(made.vectors.shape[1], made.model)
    return assign(made.vectors, store.centres)[0]


def _result(store: ClusterStore, items: Sequence[Item], labels: NDArray[np.int64]) -> Clusters:
    made = [
        Cluster(number, each.size, each.name, each.representative)
        for number, each in enumerate(store.clusters, start=1)
    ]
    merges = [(one + 1, other + 1, distance) for one, other, distance in store.merges]
    numbers = (labels + 1).tolist()
    return Clusters(made, numbers, View(items, _id), texts_of(items), store.agreement, merges)


def _id(item: Item) -> str:
    return item.id


__all__ = ["Cluster", "Clusters", "clusters"]
