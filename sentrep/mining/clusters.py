"""Clusters of texts by their vectors, with names, representatives, a hierarchy, and agreement over seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from sentrep.mining.order import order_of
from sentrep.mining.settings import ClusterSettings, TermSettings
from sentrep.mining.terms import find_terms
from sentrep.mining.units import units_of, written
from sentrep.mining.vectors import BLOCK, Vectors
from sentrep.utils.vectors import unit

Longs = NDArray[np.int64]

GRID = (2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 40)
"""Numbers of clusters that 'auto' tries."""

SAMPLE = 2000
"""Texts whose silhouette is computed."""

FITTED = 50_000
"""Texts that clusters are fitted to, at most; others get the nearest cluster."""

STARTS = 4
RUNS = 3
"""Runs for each number of clusters that 'auto' tries."""

WORDS_IN_NAME = 4
TERMS = 3000
"""Terms of the corpus that names are made of."""


@dataclass(frozen=True)
class Clustering:
    """Clusters of texts, largest first.

    Attributes:
        labels: (text,) number of each text's cluster; -1 for texts outside of all clusters.
        centres: (cluster, width) mean directions, of length 1.
        names: (cluster,) terms that are frequent in a cluster and rare in others.
        representatives: (cluster,) the text nearest to each centre.
        agreement: mean adjusted Rand index of the runs with different seeds; 1 for a method without a seed.
        merges: (cluster - 1, 3) which two clusters are joined next and at which distance; clusters that are
            made by a merge have the following numbers.
    """

    labels: Longs
    centres: Vectors
    names: list[list[str]]
    representatives: Longs
    agreement: float
    merges: list[tuple[int, int, float]]

    @property
    def sizes(self) -> Longs:
        """Texts in each cluster (cluster,)."""
        return np.bincount(self.labels[self.labels >= 0], minlength=len(self.centres)).astype(np.int64)


def cluster_texts(
    texts: Sequence[str], vectors: NDArray[np.floating], settings: ClusterSettings | None = None
) -> Clustering:
    """Cluster texts by the directions of their vectors.

    The result does not depend on the order of the texts.

    Args:
        texts: the texts, for names and the order.
        vectors: (text, width)
        settings: how.

    >>> texts = ["red dog"] * 9 + ["blue cat"] * 9
    >>> vectors = np.repeat([[1.0, 0.1], [0.1, 1.0]], 9, axis=0)
    >>> found = cluster_texts(texts, vectors, ClusterSettings(k=2))
    >>> found.sizes.tolist(), found.agreement
    ([9, 9], 1.0)
    """
    settings = settings or ClusterSettings()
    points = unit(vectors)
    if not len(points):
        return Clustering(np.zeros(0, np.int64), points, [], np.zeros(0, np.int64), 1.0, [])
    order = order_of(texts)
    points = points[order]
    fitted = np.sort(np.random.default_rng(settings.seed).permutation(len(points))[:FITTED])
    runs = _runs(points[fitted], settings)
    labels, centres = _ordered(points[fitted], runs[0])
    if len(fitted) < len(points):
        labels, centres = _ordered(points, assign(points, centres)[0])
    nearest = [int(np.where(labels == at, points @ centre, -2).argmax()) for at, centre in enumerate(centres)]
    given = np.empty(len(order), np.int64)
    given[order] = labels
    return Clustering(
        given,
        centres,
        name_clusters(texts, given, len(centres)),
        order[nearest],
        agreement(runs),
        _merges(centres),
    )


def assign(vectors: NDArray[np.floating], centres: Vectors) -> tuple[Longs, NDArray[np.float64]]:
    """The nearest of existing centres for each text (text,), and its cosine (text,). The centres do not
    change."""
    found, near = np.empty(len(vectors), np.int64), np.empty(len(vectors), np.float64)
    for start in range(0, len(vectors), BLOCK):
        cosines = unit(vectors[start : start + BLOCK]) @ centres.T
        found[start : start + BLOCK], near[start : start + BLOCK] = (
            cosines.argmax(axis=1),
            cosines.max(axis=1),
        )
    return found, near


def agreement(runs: Sequence[Longs]) -> float:
    """Mean adjusted Rand index of all pairs of runs; 1 for a single run."""
    from sklearn.metrics import adjusted_rand_score

    pairs = list(combinations(runs, 2))
    return float(np.mean([adjusted_rand_score(*pair) for pair in pairs])) if pairs else 1.0


def name_clusters(texts: Sequence[str], labels: Longs, count: int) -> list[list[str]]:
    """Terms (cluster, up to 4) by class-based TF-IDF: frequent in a cluster, rare in all.

    Reference: Grootendorst, "BERTopic: neural topic modeling with a class-based TF-IDF procedure", 2022.
    """
    known = {term.term for term in find_terms(texts, settings=TermSettings(k=TERMS))}
    inside = [Counter[str]() for _ in range(count)]
    for text, label in zip(texts, labels.tolist(), strict=True):
        if label >= 0:
            inside[label].update(_terms_in(text, known))
    overall = Counter[str]()
    for own in inside:
        overall.update(own)
    mean = overall.total() / max(count, 1)
    return [_best_terms(own, overall, mean) for own in inside]


def _terms_in(text: str, known: set[str]) -> set[str]:
    """The terms that occur in a text."""
    units = units_of(text)
    sizes = range(1, 5)
    found = (written(units[at : at + size]) for size in sizes for at in range(len(units) - size + 1))
    return known & set(found)


def _best_terms(own: Counter[str], overall: Counter[str], mean: float) -> list[str]:
    total = max(own.total(), 1)
    worth = {term: n / total * math.log(1 + mean / overall[term]) for term, n in own.items()}
    chosen: list[str] = []
    for term in sorted(worth, key=lambda term: (-worth[term], term)):
        if not any(term in other or other in term for other in chosen):
            chosen.append(term)
        if len(chosen) == WORDS_IN_NAME:
            break
    return chosen


def _runs(points: Vectors, settings: ClusterSettings) -> list[Longs]:
    """Labels (text,) of each run."""
    if settings.method == "hdbscan":
        return [_hdbscan(points, settings.smallest)]
    most = len(np.unique(points, axis=0))
    k = _best_k(points, most, settings.seed) if settings.k == "auto" else min(settings.k, most)
    return [_k_means(points, k, settings.seed + run) for run in range(settings.seeds)]


def _k_means(points: Vectors, k: int, seed: int, starts: int = STARTS) -> Longs:
    from sklearn.cluster import KMeans

    found = KMeans(k, n_init=starts, random_state=seed).fit_predict(points)
    return np.asarray(found, np.int64)


def _hdbscan(points: Vectors, smallest: int) -> Longs:
    from sklearn.cluster import HDBSCAN

    if len(points) < smallest:
        return np.zeros(len(points), np.int64)
    found = np.asarray(HDBSCAN(min_cluster_size=smallest, copy=True).fit_predict(points), np.int64)
    return found if found.max() >= 0 else np.zeros(len(points), np.int64)


def _best_k(points: Vectors, most: int, seed: int) -> int:
    """The number of clusters with the largest product of mean silhouette and agreement, on a sample.

    The silhouette alone rises with the number of clusters where groups are not far apart; the agreement of
    runs with different seeds falls where a number splits groups at random.
    """
    random = np.random.default_rng(seed)
    sample = points[np.sort(random.permutation(len(points))[:SAMPLE])]
    distinct = min(most, len(np.unique(sample, axis=0)))
    scores = {}
    for k in GRID:
        if k < min(distinct, len(sample) - 1) and k <= max(2, len(sample) // 5):
            scores[k] = _quality([_k_means(sample, k, seed + run, 2) for run in range(RUNS)], sample)
    return max(scores, key=lambda k: (scores[k], -k)) if scores else min(most, 2)


def _quality(runs: Sequence[Longs], points: Vectors) -> float:
    from sklearn.metrics import silhouette_score

    if len(set(runs[0].tolist())) < 2:
        return -1.0
    silhouette = float(silhouette_score(points, runs[0]))
    return min(silhouette, silhouette * agreement(runs))


def _ordered(points: Vectors, labels: Longs) -> tuple[Longs, Vectors]:
    """Labels by falling size, and centres (cluster, width)."""
    names, first, sizes = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    place = {int(names[at]): rank for rank, at in enumerate(order)}
    ranked = np.array([place.get(label, -1) for label in labels.tolist()], np.int64)
    centres = [points[ranked == at].mean(axis=0) for at in range(len(order))]
    return ranked, unit(np.stack(centres))


def _merges(centres: Vectors) -> list[tuple[int, int, float]]:
    """Average linkage of the centres, by Euclidean distance."""
    from scipy.cluster.hierarchy import linkage

    if len(centres) < 2:
        return []
    steps = linkage(centres.astype(np.float64), "average")
    return [(int(one), int(other), round(float(distance), 4)) for one, other, distance, _ in steps]
