"""The verb clusters: groups of texts with names, and the cluster of new texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.mining import items_of, split_options
from sentrep.api.mining_vectors import vectors_of
from sentrep.data.corpus import Corpus
from sentrep.mining.items import Item
from sentrep.mining.output import check_ending, write_rows
from sentrep.mining.settings import ClusterSettings
from sentrep.utils.errors import InputError, opt

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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
    ids: list[str]
    texts: list[str]
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


def clusters(
    input: Corpus,
    *,
    model: object = None,
    settings: ClusterSettings | None = None,
    assign: Corpus | None = None,
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
        assign: new texts: they get the nearest of the clusters of `input`, which do not move. The labels,
        ids and
            texts that are returned are those of the new texts.
        out: file to write each text with its cluster to: .jsonl, .csv, .tsv or .parquet.
        strict: raise for anything that was skipped or damaged.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.
        options: of `ClusterSettings` and `CorpusConfig`, such as ``k=8, text_field="body"``.

    Raises:
        InputError: the corpus or a setting is wrong.

    >>> texts = ["the red dog runs", "a red dog barks", "stock prices fell", "prices of stock rose"] * 9
    >>> sorted(cluster.size for cluster in clusters(texts, k=2).clusters)
    [18, 18]
    """
    from sentrep.mining import clusters as mining
    from sentrep.mining.clusters import cluster_texts

    chosen, fields = split_options(settings or ClusterSettings(), options)
    if out is not None:
        check_ending(Path(out))
    reading = {"strict": strict, "offline": offline, "hub": hub}
    items = list(items_of(input, fields, "input", unit="document", **reading))
    new = [] if assign is None else list(items_of(assign, fields, "assign", unit="document", **reading))
    given = vectors_of(input, items, model, offline=offline, hub=hub)
    others = None if assign is None else vectors_of(assign, new, model, offline=offline, hub=hub)
    vectors, others = _comparable(items, new, given, others, assign is not None)
    found = cluster_texts([item.text for item in items], vectors, chosen)
    labels, shown = found.labels, items
    if assign is not None:
        labels, shown = mining.assign(others, found.centres)[0], new
    result = _result(items, shown, found, labels)
    if out is not None:
        write_rows(result.rows(), Path(out))
    return result


def _comparable(
    items: list[Item], new: list[Item], vectors: Any, others: Any, assigning: bool
) -> tuple[NDArray[np.float32], Any]:
    """Vectors of both corpora in one space; of latent semantic analysis where there are none."""
    if vectors is not None and (others is not None or not assigning):
        if assigning and vectors.shape[1] != others.shape[1]:
            raise InputError(f"{opt('assign')}: vectors of another width; use the same {opt('model')}")
        return vectors, others
    from sentrep.mining.text_vectors import lsa_vectors

    one, other = lsa_vectors([item.text for item in items], [item.text for item in new])
    return one, other


def _result(items: list[Item], shown: list[Item], found: Clustering, labels: Any) -> Clusters:
    made = [
        Cluster(number + 1, int(size), name, items[int(at)].text)
        for number, (size, name, at) in enumerate(
            zip(found.sizes, found.names, found.representatives, strict=True)
        )
    ]
    return Clusters(
        made,
        [int(label) + 1 for label in labels],
        [item.id for item in shown],
        [item.text for item in shown],
        round(found.agreement, 4),
        [(one + 1, other + 1, distance) for one, other, distance in found.merges],
    )


__all__ = ["Cluster", "Clusters", "clusters"]
