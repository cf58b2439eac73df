"""K-means that does not depend on rounding: equal points are always in the same cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sentrep.evaluation.metrics.ranking import Floats, Integers
from sentrep.utils.capabilities import Vectors

ROUNDS = 100
"""Maximum number of iterations; most runs converge after thirty."""

# If the distances to two centres differ by less than this, the first centre is taken: collapsed vectors must
# not be clustered by rounding errors.
_TOLERANCE = 1e-6

# Numbers of one block in float64: 32 MB.
_NUMBERS = 2**22


def k_means(points: Vectors, clusters: int, starts: int, seed: int) -> Integers:
    """Number of each point's cluster, (point,): of several starts the one with the least variance within its
    clusters.

    Lloyd's algorithm from centres spread as in k-means++ (Arthur and Vassilvitskii 2007). points: (point,
    width)."""
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
    """For each start each point's nearest centre, (start, point), each centre's sum of its points, (start,
    cluster, width), and how near the points are in all, (start,). All starts at once, since a wide product
    costs little more than a narrow one."""
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
    """Points as centres, (cluster, width): of a few drawn in proportion to their squared distance from the
    nearest centre so far, the next is the one that leaves the least distance."""
    chosen = [int(random.integers(len(points)))]
    distances = _distances(points, chosen)[:, 0]
    for _ in range(clusters - 1):
        drawn = np.searchsorted(
            np.cumsum(distances), random.random(2 + int(np.log(clusters))) * distances.sum(), side="right"
        )
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
    parts = [
        (block * block).sum(axis=1)[:, None] + squares - 2 * block @ centres.T for block in _blocks(points)
    ]
    distances: Floats = np.maximum(np.concatenate(parts), 0)
    return distances


def _blocks(points: Vectors) -> Iterator[Floats]:
    step = max(
        1, _NUMBERS // max(points.shape[1], 1024)
    )  # distances from up to 1024 centres take no more room
    for start in range(0, len(points), step):
        yield points[start : start + step].astype(np.float64)
