"""Clustering: do texts of one topic fall into one cluster?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sentrep.evaluation.datasets.labelled import Labelled, read_labelled
from sentrep.evaluation.metrics.ranking import Floats, Integers
from sentrep.evaluation.models.k_means import ROUNDS, k_means
from sentrep.evaluation.result import EXAMPLES, Example, Score
from sentrep.evaluation.task import Embeds, Model, Task
from sentrep.evaluation.vectors import unit
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress


class Clustering(Task):
    """V-measure x 100 of k-means clusters, as many as there are labels, with homogeneity and completeness.

    Rosenberg and Hirschberg 2007. With C the labels and K the clusters, I(C;K) / H(C) is homogeneity, I(C;K)
    / H(K) completeness (taken as 0 where all texts lie in one cluster), and V-measure their harmonic mean 2
    I(C;K) / (H(C) + H(K)).

    Each is a ratio of sums over texts: I(C;K) is the mean of log p(c,k) / p(c)p(k) over the texts' labels c
    and clusters k, the entropies are the means of -log p(c) and -log p(k). These summands are the items. They
    are also what each text contributes to the estimates to first order, so that intervals and paired tests
    over them are those of the ratio, for the clusters as they were found. (Cluster numbers could not be
    exchanged between models: they mean nothing.)

    Every value is the mean over several seeds of k-means, each the best of several starts. V-measure is not
    corrected for chance: random vectors have slightly more than 0, a collapsed model 0."""

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
        """Items are, for each seed, the two summands of a ratio: (text, 2 * seed)."""
        vectors = unit(model.implementation, self.texts)
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
        """Texts with the least company in the first seed's clusters; scored by the share of their cluster
        that has their label."""
        table = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        np.add.at(table, (self.labels, clusters), 1)
        shares = table / np.maximum(table.sum(axis=0), 1)
        company = shares[self.labels, clusters]
        examples = []
        for at in np.argsort(company, kind="stable")[:EXAMPLES]:
            most = shares[:, clusters[at]].argmax()
            share = f"{100 * shares[most, clusters[at]]:.0f} % of them {self.names[most]}"
            got = f"among {table[:, clusters[at]].sum()} texts, {share}"
            examples.append(Example(self.texts[at], self.names[self.labels[at]], got, float(company[at])))
        return examples


def information(labels: Integers, clusters: Integers) -> tuple[Floats, Floats, Floats]:
    """For each text, in nats: what cluster and label tell of each other, what the label tells, and what the
    cluster tells.

    Their means are the mutual information and the two entropies. labels, clusters: (text,) whole numbers from
    0."""
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
    """Clustering of a .tsv, .jsonl or .jsonl.gz file of texts with labels, or of a folder of them: a task for
    each file.

    `name`: in tables; the folder's own with ": clusters", if empty. `split`: test, if not given, or every
    file where there is none. `label_field`, `text_field`: names of the columns or fields. `sample`: of more
    texts than this, so many are drawn. `seeds`: how many runs of k-means are averaged. `starts`: of how many
    starts each run keeps the best."""
    if min(seeds, starts) < 1:
        raise InputError(f"seeds = {seeds}, starts = {starts}; needs one or more of each")
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
