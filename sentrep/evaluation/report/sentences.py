"""Sentences on a map, their similarities, and their nearest neighbours."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.datasets.reservoir import Reservoir
from sentrep.evaluation.models.k_means import k_means
from sentrep.evaluation.report.league import short_names
from sentrep.evaluation.report.projection import places_on_map
from sentrep.evaluation.report.words import readable, typed, words
from sentrep.evaluation.task import Embeds, Model, MonitoredEncoder
from sentrep.evaluation.vectors import cosines, unit_vectors
from sentrep.utils.capabilities import Vectors
from sentrep.utils.errors import InputError

LIMIT = 2000
"""Maximum number of sentences on the page; more would overload the map and the file."""

NEIGHBOURS = 8
REGIONS = 8
HEAT = 40
"""Sentences in the table of similarities."""

CUT = 300
"""Maximum number of characters shown of a sentence; the model reads the whole sentence."""


def picture(model: Model, sentences: Iterable[str], seed: int = 0) -> dict[str, Any]:
    """Embed sentences and compute the map, the similarities and the neighbours.

    Neighbours and similarities are exact. Only the vectors of sentences typed into the page are estimated
    (see `words.typed`).

    Raises:
        InputError: the model does not embed, or there are fewer than two different sentences.
    """
    if not isinstance(model.implementation, Embeds):
        raise InputError(
            f"{model.name} makes no vectors, so there is no map to draw; give a model that embeds",
            setting="model",
        )
    texts = _sample(sentences, seed)
    if len(texts) < 2:
        raise InputError(
            f"{len(texts)} sentence(s) to show with {model.name}; give two different ones or more",
            setting="sentences",
        )
    monitored = MonitoredEncoder(model.implementation)
    vectors = unit_vectors(monitored, texts)
    places = places_on_map(vectors, seed)
    region = _regions(places, seed)
    neighbours = _neighbours(vectors)
    return {
        "model": short_names([model.name])[model.name],
        "alarm": monitored.alarm,
        "texts": [text if len(text) <= CUT else f"{text[:CUT].rstrip()}…" for text in texts],
        "places": places.tolist(),
        "region": region.tolist(),
        "labels": _labels(texts, region),
        "neighbours": neighbours,
        "heat": _heat(vectors, region, neighbours),
        "typed": typed(model.implementation, texts, vectors, seed),
    }


def _sample(sentences: Iterable[str], seed: int) -> list[str]:
    """Different sentences in the order given, an even sample where there are many."""
    drawn = Reservoir[tuple[int, str]](LIMIT, seed)
    for number, sentence in enumerate(sentences):
        if text := " ".join(sentence.split()):
            drawn.offer((number, text))
    return list(dict.fromkeys(text for _, text in sorted(drawn.drawn())))


def _regions(places: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Regions of the map, (sentence,): k-means of the places, so that what is near is of one region; the
    largest is 0."""
    count = max(1, min(REGIONS, len(np.unique(places, axis=0)), len(places) // 5))
    found = k_means(places.astype(np.float32), count, starts=4, seed=seed)
    order = np.argsort(-np.bincount(found, minlength=count), kind="stable")
    ranks: NDArray[np.int64] = np.argsort(order)[found]
    return ranks


def _labels(texts: Sequence[str], region: NDArray[np.int64]) -> list[str]:
    """Two words for each region, frequent in it and rare elsewhere; words are counted once a sentence."""
    everywhere = Counter[str]()
    inside = [Counter[str]() for _ in range(int(region.max()) + 1)]
    for text, number in zip(texts, region, strict=True):
        found = {word for word in words(text) if readable(word)}
        everywhere.update(found)
        inside[number].update(found)
    common = max(5, len(texts) // 20)  # what stands in every twentieth sentence names no topic

    def telling(own: Counter[str], share: float) -> list[str]:
        worth = {word: count * math.log(count / (share * everywhere[word])) for word, count in own.items()}
        return sorted(
            (word for word in worth if everywhere[word] <= common), key=lambda word: (-worth[word], word)
        )[:2]

    shares = np.bincount(region) / len(texts)
    return [" · ".join(telling(own, float(share))) for own, share in zip(inside, shares, strict=True)]


def _neighbours(vectors: Vectors) -> list[list[list[float]]]:
    """For each sentence its nearest others as [their numbers, cosines x 1000]."""
    count = min(NEIGHBOURS, len(vectors) - 1)
    found = []
    for number, row in enumerate(cosines(vectors, vectors)):
        scores = np.asarray(row).copy()
        scores[number] = -np.inf
        nearest = np.argsort(-scores, kind="stable")[:count]
        found.append([nearest.tolist(), np.rint(1000 * scores[nearest]).astype(int).tolist()])
    return found


def _heat(
    vectors: Vectors, region: NDArray[np.int64], neighbours: Sequence[Sequence[Sequence[float]]]
) -> dict[str, Any]:
    """Cosines x 1000 of some sentences, ordered so that alike ones stand together.

    All of them, or of many for each region of the map the one nearest to its middle, and the nearest of that
    one."""
    from scipy.cluster.hierarchy import leaves_list, linkage

    chosen = np.arange(len(vectors))
    if len(vectors) > HEAT:
        members = [np.flatnonzero(region == number) for number in range(int(region.max()) + 1)]
        middles = [int(mine[np.argmax(vectors[mine] @ vectors[mine].mean(axis=0))]) for mine in members]
        near = [[middle, *map(int, neighbours[middle][0][: HEAT // len(members) - 1])] for middle in middles]
        chosen = np.array(list(dict.fromkeys(itertools.chain.from_iterable(near))))
    some = vectors[chosen].astype(np.float64)
    order = leaves_list(linkage(some, "average", optimal_ordering=True))
    cosines = some[order] @ some[order].T
    return {"sentences": chosen[order].tolist(), "cosines": np.rint(1000 * cosines).astype(int).tolist()}
