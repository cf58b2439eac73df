"""Paired randomisation tests over the same items, for all pairs of several models at once.

The test exchanges the scores of two models on a random half of the items and counts how often the difference
becomes as large as the observed one. All pairs use the same random exchanges. For metrics that are functions
of sums over items, an exchange changes the sums: one matrix product of exchanges and items serves all models.

Reference:
    Fisher 1935, "The Design of Experiments". Smucker, Allan and Carterette 2007, "A comparison of statistical
    significance tests for information retrieval evaluation".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.metrics.ranking import Floats, Integers
from sentrep.evaluation.statistics.bootstrap import (
    AGGREGATES,
    NUMBERS,
    bootstrap,
    expected_precision,
    perplexities,
    portions,
    ranks,
    ratios,
)

Seeds = Sequence[Floats]
"""Per-item scores of a model, one array per training seed; their values are averaged."""


class Difference(NamedTuple):
    """Difference of two models on the same items: the first minus the second."""

    value: float
    low: float
    """Lower end of the 95 % interval of a paired bootstrap, over a tenth of the draws."""
    high: float
    p: float
    """Two-sided p-value of the randomisation test; the observed arrangement counts as one draw."""


def difference(
    first: Seeds, second: Seeds, aggregate: str = "mean", draws: int = 10_000, seed: int = 0
) -> Difference:
    """Paired comparison of two models; the arguments are those of `differences`.

    >>> scores = [np.arange(10.0)]
    >>> difference(scores, scores).p
    1.0
    """
    return differences([first, second], aggregate, draws, seed)[0, 1]


def differences(
    models: Sequence[Seeds], aggregate: str = "mean", draws: int = 10_000, seed: int = 0
) -> dict[tuple[int, int], Difference]:
    """Paired comparison of every model with every later one.

    Args:
        models: per-item scores of each model and seed, (item,) or (item, column).
        aggregate: a key of `AGGREGATES`.
        draws: random exchanges.
        seed: of the exchanges.

    Returns:
        (index of the first model, index of the second) -> their difference.

    Raises:
        ValueError: the models have different numbers of items.
    """
    counts = {len(items) for seeds in models for items in seeds}
    if len(counts) > 1:
        raise ValueError(f"paired items expected; got {sorted(counts)}")
    n, pairs = counts.pop(), list(itertools.combinations(range(len(models)), 2))
    observed = [_average(seeds, aggregate, np.ones((1, n))) for seeds in models]
    drawn = [
        [_average(seeds, aggregate, some) for seeds in models]
        for some in bootstrap(n, max(draws // 10, 1000), seed)
    ]
    resampled = [np.concatenate(parts) for parts in zip(*drawn, strict=True)]
    values = {(first, second): float((observed[first] - observed[second])[0]) for first, second in pairs}
    if aggregate == "average-precision":
        draws = min(draws, max(1000, 10 * NUMBERS // n))  # each draw is sorted again
    extreme = dict.fromkeys(pairs, 0)
    for swap in _swaps(n, draws, seed):
        exchanged = exchange(models, aggregate, swap)
        for first, second in pairs:
            rivals = _rivals(len(models[first]), len(models[second]))
            drawn_anew = np.abs(np.mean([exchanged(first, a, second, b) for a, b in rivals], axis=0))
            # A tolerance, so that the observed arrangement counts as equal to itself in spite of rounding.
            extreme[first, second] += int(
                (drawn_anew >= abs(values[first, second]) * (1 - 1e-9) - 1e-12).sum()
            )
    found = {}
    for first, second in pairs:
        low, high = np.quantile(resampled[first] - resampled[second], [0.025, 0.975])
        p = (1 + extreme[first, second]) / (1 + draws)
        found[first, second] = Difference(values[first, second], float(low), float(high), p)
    return found


Exchange = Callable[[int, int, int, int], Floats]
"""(first model, its seed, second model, its seed) -> their difference after the exchanges, (draw,)."""


def exchange(models: Sequence[Seeds], aggregate: str, swap: Floats) -> Exchange:
    """The differences after two models exchange the scores of all items where `swap`, (draw, item), is 1."""
    return _by_order(models, swap) if aggregate == "average-precision" else _by_sums(models, aggregate, swap)


def _rivals(first: int, second: int) -> list[tuple[int, int]]:
    """Pairs of seeds: equal positions, or all pairs where the numbers of seeds differ."""
    return (
        [(seed, seed) for seed in range(first)]
        if first == second
        else list(itertools.product(range(first), range(second)))
    )


def _by_sums(models: Sequence[Seeds], aggregate: str, swap: Floats) -> Exchange:
    columns = [[_columns(items, aggregate) for items in seeds] for seeds in models]
    totals = [[each.sum(axis=0) for each in seeds] for seeds in columns]
    moved = [[swap @ each for each in seeds] for seeds in columns]
    value = _value(models[0][0], aggregate)

    def difference_of(first: int, a: int, second: int, b: int) -> Floats:
        change = moved[second][b] - moved[first][a]
        exchanged: Floats = value(totals[first][a] + change) - value(totals[second][b] - change)
        return exchanged

    return difference_of


def _columns(items: Floats, aggregate: str) -> Floats:
    """(item, sum): the summands of the sums that the aggregate is a function of."""
    if aggregate in ("mean", "ratio", "perplexity"):
        return items.reshape(len(items), -1)
    parts = []
    for member in _subsets(items, aggregate):
        # Cosines of two models have different scales, so their ranks are exchanged.
        rank, gold = np.zeros(len(items)), np.zeros(len(items))
        rank[member], gold[member] = _once(items[member, 0]), _centred(items[member, 1])
        parts += [rank, rank * rank, rank * gold]
    return np.stack(parts, axis=1)


def _value(items: Floats, aggregate: str) -> Callable[[Floats], Floats]:
    """The function from sums, (draw, sum), to the metric, (draw,). Of `items` it uses only what is the same
    for all models."""
    if aggregate == "mean":
        return lambda sums: sums[:, 0] / len(items)
    if aggregate == "ratio":
        return ratios
    if aggregate == "perplexity":
        return perplexities
    members = _subsets(items, aggregate)
    counts = np.array([member.sum() for member in members], dtype=np.float64)
    gold = np.array([np.square(_centred(items[member, 1])).sum() for member in members])
    weights = counts if aggregate == "spearman-weighted" else np.ones_like(counts)

    def spearman(sums: Floats) -> Floats:
        total, squares, shared = sums[:, 0::3], sums[:, 1::3], sums[:, 2::3]
        spread = np.sqrt(np.maximum(squares - total * total / counts, 0) * gold)
        correlations = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 1e-9)
        means: Floats = 100 * correlations @ weights / weights.sum()
        return means

    return spearman


def _by_order(models: Sequence[Seeds], swap: Floats) -> Exchange:
    """For average precision, which is not a function of sums: items are counted at each rank."""
    rank = [[_once(-items[:, 0]) for items in seeds] for seeds in models]
    wanted = models[0][0][:, 1] == 1

    def difference_of(first: int, a: int, second: int, b: int) -> Floats:
        places, at = np.unique(np.concatenate([rank[first][a], rank[second][b]]), return_inverse=True)
        draw = len(places) * np.arange(len(swap))[:, None]

        def counted(where: Integers) -> Integers:
            return np.bincount(where.ravel(), minlength=len(places) * len(swap)).reshape(len(swap), -1)

        def value(mine: Integers, other: Integers) -> Floats:
            mixed = np.where(swap == 1, other, mine) + draw
            return expected_precision(counted(mixed), counted(mixed[:, wanted]))

        mine, other = np.split(at, 2)
        return value(mine, other) - value(other, mine)

    return difference_of


def _subsets(items: Floats, aggregate: str) -> list[NDArray[np.bool_]]:
    subset = items[:, 2] if aggregate != "spearman" else np.zeros(len(items))
    return [subset == each for each in np.unique(subset)]


def _once(values: Floats) -> Floats:
    """Average ranks, (item,)."""
    found: Floats = ranks(values, np.ones((1, len(values))))[0]
    return found


def _centred(gold: Floats) -> Floats:
    rank = _once(gold)
    centred: Floats = rank - rank.mean()
    return centred


def _average(seeds: Seeds, aggregate: str, counts: Floats) -> Floats:
    average: Floats = np.mean([AGGREGATES[aggregate](items, counts) for items in seeds], axis=0)
    return average


def _swaps(items: int, draws: int, seed: int) -> Iterator[NDArray[Any]]:
    """Fair coins as 0.0 and 1.0, (some draws, item), a bounded number at a time."""
    random = np.random.default_rng(seed)
    for some in portions(items, draws):
        bits = np.frombuffer(random.bytes((some * items + 7) // 8), dtype=np.uint8)
        yield np.unpackbits(bits, count=some * items).reshape(some, items).astype(np.float64)
