"""Clustering: whether k-means puts texts with the same label into the same cluster."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sentrep.evaluation.datasets.labelled import Labelled, read_labelled
from sentrep.evaluation.metrics.ranking import Floats, Integers
from sentrep.evaluation.models.k_means import ROUNDS, k_means
from sentrep.evaluation.result import EXAMPLES, Example, Score
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.vectors import unit_vectors
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress


class Clustering(Task):
    """V-measure x 100 of as many k-means clusters as there are labels, with homogeneity and completeness.

    With C the labels and K the clusters, I(C;K) / H(C) is homogeneity, I(C;K) / H(K) is completeness (0 if
    all texts are in one cluster), and V-measure is their harmonic mean 2 I(C;K) / (H(C) + H(K)).

    Each is a ratio of sums over texts: I(C;K) is the mean of log p(c,k) / p(c)p(k) over the labels c and
    clusters k of the texts, and the entropies are the means of -log p(c) and -log p(k). These summands are
    the items. To first order they are also the contributions of a text to the estimates, so intervals and
    paired tests over them are those of the ratio, given the clusters that were found. (Cluster numbers have
    no meaning and cannot be exchanged between models.)

    Every value is the mean over several seeds of k-means, each the best of several starts. V-measure is not
    corrected for chance: random vectors get slightly more than 0, a collapsed model gets 0.

    Args:
        data: texts with labels.
        seeds: runs of k-means that are averaged.
        starts: starts of each run, of which the best is kept.

    Reference:
        Rosenberg and Hirschberg 2007, "V-measure: A conditional entropy-based external cluster evaluation
        measure".

    >>> Clustering(Labelled("pets", ("a cat", "a dog", "a kitten"), ("cat", "dog", "cat"))).names
    ['cat', 'dog']
    """

    needs = (Embeds,)

    def __init__(self, data: Labelled, *, seeds: int = 5, starts: int = 4) -> None:
        self.name, self.split, self.texts = data.name, data.split, data.texts
        self.names = sorted(set(data.labels))
        self.labels = np.searchsorted(np.array(self.names), np.array(data.labels)).astype(np.int64)
        self.seeds, self.starts = seeds, starts
        self.protocol = (
            f"clustering of {len(self.texts)} texts by k-means (k-means++, Euclidean, {ROUNDS} rounds "
            f"at most, best of {starts} "
            f"starts) of vectors of length 1 into {len(self.names)} clusters, as many as labels; "
            "V-measure, homogeneity and "
            f"completeness x 100, mean over {seeds} seeds" + (f"; {data.note}" if data.note else "")
        )
        self.data = data.fingerprint

    def run(self, model: Model) -> list[Score]:
        """V-measure, homogeneity and completeness; items are the summands of ratios, (text, 2 * seeds)."""
        vectors = unit_vectors(model.implementation, self.texts)
        seeds = progress(range(self.seeds), self.name, unit="seed")
        clusters = [k_means(vectors, len(self.names), self.starts, seed) for seed in seeds]
        summands = [information(self.labels, found) for found in clusters]
        columns = {
            "V-measure": [
                part for shared, label, cluster in summands for part in (2 * shared, label + cluster)
            ],
            "homogeneity": [part for shared, label, _ in summands for part in (shared, label)],
            "completeness": [part for shared, _, cluster in summands for part in (shared, cluster)],
        }
        examples = self._worst(clusters[0])
        return [
            Score(name, np.stack(each, axis=1), "ratio", examples=examples if name == "V-measure" else ())
            for name, each in columns.items()
        ]

    def _worst(self, clusters: Integers) -> list[Example]:
        """Texts in the clusters of the first seed with the smallest share of their label; scored by that
        share."""
        table = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        np.add.at(table, (self.labels, clusters), 1)
        shares = table / np.maximum(table.sum(axis=0), 1)
        own_shares = shares[self.labels, clusters]
        examples = []
        for at in np.argsort(own_shares, kind="stable")[:EXAMPLES]:
            most = shares[:, clusters[at]].argmax()
            share = f"{100 * shares[most, clusters[at]]:.0f} % of them {self.names[most]}"
            got = f"among {table[:, clusters[at]].sum()} texts, {share}"
            examples.append(Example(self.texts[at], self.names[self.labels[at]], got, float(own_shares[at])))
        return examples


def information(labels: Integers, clusters: Integers) -> tuple[Floats, Floats, Floats]:
    """Summands, in nats, of the mutual information of labels and clusters and of their two entropies.

    Args:
        labels: (text,), integers from 0.
        clusters: (text,), integers from 0.

    Returns:
        Three arrays (text,): log p(c,k) / p(c)p(k), -log p(c) and -log p(k). Their means are the mutual
        information and the entropies of labels and clusters.

    >>> same = np.array([0, 0, 1, 1])
    >>> [round(float(each.mean()), 3) for each in information(same, same)]
    [0.693, 0.693, 0.693]
    """
    together = labels * (clusters.max() + 1) + clusters
    label, cluster, both = (
        np.bincount(each)[each].astype(np.float64) for each in (labels, clusters, together)
    )
    n = len(labels)
    return np.log(both * n / (label * cluster)), np.log(n / label), np.log(n / cluster)


def read_clustering(
    path: str | Path,
    *,
    name: str = "",
    split: str | None = None,
    label_field: str = "label",
    text_field: str = "text",
    sample: int = 4000,
    seeds: int = 5,
    starts: int = 4,
) -> list[Task]:
    """Clustering tasks of labelled texts in a .tsv, .jsonl or .jsonl.gz file, or in a folder: one per file.

    Args:
        path, name, split, label_field, text_field, sample: as of `read_labelled`, which says what is refused.
        seeds: runs of k-means that are averaged.
        starts: starts of each run, of which the best is kept.

    Raises:
        InputError: `seeds` or `starts` is below 1.
    """
    if min(seeds, starts) < 1:
        raise InputError(
            f"seeds = {seeds}, starts = {starts}; needs one or more of each",
            setting="seeds" if seeds < 1 else "starts",
        )
    found = read_labelled(
        path,
        "clusters",
        name=name,
        split=split,
        label_field=label_field,
        text_field=text_field,
        sample=sample,
    )
    return [Clustering(data, seeds=seeds, starts=starts) for data in found]
