"""Clustering: do texts of one topic fall into one cluster?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.errors import InputError
from sentrep.evaluation.result import EXAMPLES, Example, Score
from sentrep.evaluation.task import Embeds, Model, Task, Vectors, unit
from sentrep.evaluation.topics import Labelled, read_labelled
from sentrep.progress import progress

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROUNDS = 100
"""Of k-means; most runs stand still after thirty."""

# A point as near to two centres as this belongs to the first of them: a collapsed model must not be clustered by its rounding.
_TOLERANCE = 1e-6

# Numbers of one block in float64: 32 MB.
_NUMBERS = 2**22


class Clustering(Task):
    """V-measure x 100 of k-means clusters, as many as there are labels, with homogeneity and completeness.

    Rosenberg and Hirschberg 2007. With C the labels and K the clusters, I(C;K) / H(C) is homogeneity, I(C;K) / H(K) completeness
    (taken as 0 where all texts lie in one cluster), and V-measure their harmonic mean 2 I(C;K) / (H(C) + H(K)).

    Each is a ratio of sums over texts: I(C;K) is the mean of log p(c,k) / p(c)p(k) over the texts' labels c and clusters k, the
    entropies are the means of -log p(c) and -log p(k). These summands are the items. They are also what each text contributes
    to the estimates to first order, so that intervals and paired tests over them are those of the ratio, for the clusters as
    they were found. (Cluster numbers could not be exchanged between models: they mean nothing.)

    Every value is the mean over several seeds of k-means, each the best of several starts. V-measure is not corrected for
    chance: random vectors have slightly more than 0, a collapsed model 0.
    """

    needs = (Embeds,)

    def __init__(self, data: Labelled, *, seeds: int = 5, starts: int = 4) -> None:
        self.name, self.split, self.texts = data.name, data.split, data.texts
        self.names = sorted(set(data.labels))
        self.labels = np.searchsorted(np.array(self.names), np.array(data.labels)).astype(np.int64)
        self.seeds, self.starts = seeds, starts
        self.protocol = (
            f"clustering of {len(self.texts)} texts by k-means (k-means++, Euclidean, {ROUNDS} rounds at most, best of {starts} "
            f"starts) of vectors of length 1 into {len(self.names)} clusters, as many as labels; V-measure, homogeneity and "
            f"completeness x 100, mean over {seeds} seeds" + (f"; {data.note}" if data.note else "")
        )
        self.data = data.fingerprint

    def run(self, model: Model) -> list[Score]:
        """Items are, for each seed, the two summands of a ratio: (text, 2 * seed)."""
        if not isinstance(model.does, Embeds):
            raise TypeError(f"{model.name} does not embed")
        vectors = unit(model.does, self.texts)
        seeds = progress(range(self.seeds), self.name, unit="seed")
        clusters = [k_means(vectors, len(self.names), self.starts, seed) for seed in seeds]
        summands = [information(self.labels, found) for found in clusters]
        columns = {
            "V-measure": [part for shared, label, cluster in summands for part in (2 * shared, label + cluster)],
            "homogeneity": [part for shared, label, _ in summands for part in (shared, label)],
            "completeness": [part for shared, _, cluster in summands for part in (shared, cluster)],
        }
        examples = self._worst(clusters[0])
        return [
            Score(name, np.stack(each, axis=1), "ratio", examples=examples if name == "V-measure" else ())
            for name, each in columns.items()
        ]

    def _worst(self, clusters: Integers) -> list[Example]:
        """Texts with the least company in the first seed's clusters; scored by the share of their cluster that has their label."""
        table = np.zeros((len(self.names), len(self.names)), dtype=np.int64)
        np.add.at(table, (self.labels, clusters), 1)
        shares = table / np.maximum(table.sum(axis=0), 1)
        company = shares[self.labels, clusters]
        examples = []
        for at in np.argsort(company, kind="stable")[:EXAMPLES]:
            most = shares[:, clusters[at]].argmax()
            got = f"among {table[:, clusters[at]].sum()} texts, {100 * shares[most, clusters[at]]:.0f} % of them {self.names[most]}"
            examples.append(Example(self.texts[at], self.names[self.labels[at]], got, float(company[at])))
        return examples


def information(labels: Integers, clusters: Integers) -> tuple[Floats, Floats, Floats]:
    """For each text, in nats: what cluster and label tell of each other, what the label tells, and what the cluster tells.

    Their means are the mutual information and the two entropies. labels, clusters: (text,) whole numbers from 0.
    """
    together = labels * (clusters.max() + 1) + clusters
    label, cluster, both = (np.bincount(each)[each].astype(np.float64) for each in (labels, clusters, together))
    n = len(labels)
    return np.log(both * n / (label * cluster)), np.log(n / label), np.log(n / cluster)


def k_means(points: Vectors, clusters: int, starts: int, seed: int) -> Integers:
    """Number of each point's cluster, (point,): of several starts the one with the least variance within its clusters.

    Lloyd's algorithm from centres spread as in k-means++ (Arthur and Vassilvitskii 2007). points: (point, width).
    """
    random = np.random.default_rng(seed)
    centres = np.stack([_spread(points, clusters, random) for _ in range(starts)])
    found, fit = np.full((starts, len(points)), -1), np.zeros(starts)
    moving = np.arange(starts)
    for _ in range(ROUNDS):
        nearest, sums, fit[moving] = _nearest(points, centres[moving])
        sizes = np.stack([np.bincount(each, minlength=clusters) for each in nearest])[:, :, None]
        # A centre that has lost all its points stays where it is.
        centres[moving] = np.where(sizes > 0, sums / np.maximum(sizes, 1), centres[moving])
        moved = (nearest != found[moving]).any(axis=1)
        found[moving] = nearest
        moving = moving[moved]
        if not len(moving):
            break
    best: Integers = found[fit.argmax()]
    return best


def _nearest(points: Vectors, centres: Floats) -> tuple[Integers, Floats, Floats]:
    """For each start each point's nearest centre, (start, point), each centre's sum of its points, (start, cluster, width), and how
    near the points are in all, (start,). All starts at once, since a wide product costs little more than a narrow one."""
    starts, clusters, width = centres.shape
    flat = centres.reshape(-1, width)
    found, sums, fit = [], np.zeros_like(flat), np.zeros(starts)
    for block in _blocks(points):
        # Least squared distance, without the part that all centres share.
        nearness = (block @ flat.T - (flat * flat).sum(axis=1) / 2).reshape(len(block), starts, clusters)
        best = nearness.max(axis=2, keepdims=True)
        nearest = (nearness >= best - _TOLERANCE).argmax(axis=2)
        mine = nearest[:, :, None] == np.arange(clusters)
        sums += mine.reshape(len(block), -1).T.astype(np.float64) @ block
        found.append(nearest.T)
        fit += best.sum(axis=(0, 2))
    return np.concatenate(found, axis=1), sums.reshape(centres.shape), fit


def _spread(points: Vectors, clusters: int, random: np.random.Generator) -> Floats:
    """Points as centres, (cluster, width): of a few drawn in proportion to their squared distance from the nearest centre so far,
    the next is the one that leaves the least distance."""
    chosen = [int(random.integers(len(points)))]
    distances = _distances(points, chosen)[:, 0]
    for _ in range(clusters - 1):
        drawn = np.searchsorted(np.cumsum(distances), random.random(2 + int(np.log(clusters))) * distances.sum(), side="right")
        drawn = np.minimum(drawn, len(points) - 1)
        left = np.minimum(distances[:, None], _distances(points, drawn))
        best = left.sum(axis=0).argmin()
        chosen.append(int(drawn[best]))
        distances = left[:, best]
    return points[chosen].astype(np.float64)


def _distances(points: Vectors, chosen: Sequence[int] | Integers) -> Floats:
    """Squared, (point, chosen)."""
    centres = points[chosen].astype(np.float64)
    squares = (centres * centres).sum(axis=1)
    parts = [(block * block).sum(axis=1)[:, None] + squares - 2 * block @ centres.T for block in _blocks(points)]
    distances: Floats = np.maximum(np.concatenate(parts), 0)
    return distances


def _blocks(points: Vectors) -> Iterator[Floats]:
    step = max(1, _NUMBERS // max(points.shape[1], 1024))  # distances from up to 1024 centres take no more room
    for start in range(0, len(points), step):
        yield points[start : start + step].astype(np.float64)


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
    """Clustering of a .tsv, .jsonl or .jsonl.gz file of texts with labels, or of a folder of them: a task for each file.

    `name`: in tables; the folder's own with ": clusters", if empty. `split`: test, if not given, or every file where there is none.
    `label_field`, `text_field`: names of the columns or fields. `sample`: of more texts than this, so many are drawn.
    `seeds`: how many runs of k-means are averaged. `starts`: of how many starts each run keeps the best.
    """
    if min(seeds, starts) < 1:
        raise InputError(f"seeds = {seeds}, starts = {starts}; needs one or more of each")
    found = read_labelled(path, "clusters", name=name, split=split, label_field=label_field, text_field=text_field, sample=sample)
    return [Clustering(data, seeds=seeds, starts=starts) for data in found]
