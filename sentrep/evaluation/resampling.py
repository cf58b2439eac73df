"""How items become a value, how sure that value is, and whether two models differ: by resampling the items.

Drawing n of n items with replacement is the same as giving every item a count, so an aggregate is a function of items *and
counts*: the value has all counts 1, a bootstrap draw has others, and both come from the same few lines.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Bounds the working memory: so many numbers at a time, whatever the count of items and draws.
_NUMBERS = 2_000_000


def mean(items: Floats, counts: Floats) -> Floats:
    """Mean of the items under each row of counts. items: (item,); counts: (draw, item); returns (draw,)."""
    means: Floats = counts @ items / counts.sum(axis=1)
    return means


def spearman(items: Floats, counts: Floats) -> Floats:
    """Spearman's rank correlation x 100 of the columns `predicted` and `gold`, ties at their average rank; 0 where undefined.

    items: (item, 2 or more); counts: (draw, item); returns (draw,).
    """
    predicted, gold = _ranks(items[:, 0], counts), _ranks(items[:, 1], counts)
    return 100 * _correlation(predicted, gold, counts)


def _by_subset(items: Floats, counts: Floats, weighted: bool) -> Floats:
    """Mean of the subsets' correlations; the third column says which subset an item belongs to."""
    subsets = np.unique(items[:, 2])
    members = [items[:, 2] == subset for subset in subsets]
    values = np.stack([spearman(items[member], counts[:, member]) for member in members])
    weights = np.array([member.sum() if weighted else 1 for member in members], dtype=np.float64)
    means: Floats = weights @ values / weights.sum()
    return means


AGGREGATES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "mean": mean,
    "spearman": spearman,
    "spearman-mean": partial(_by_subset, weighted=False),
    "spearman-weighted": partial(_by_subset, weighted=True),
}


def value_of(items: Floats, aggregate: str = "mean") -> float:
    """The value of a metric from its items.

    >>> value_of(np.array([0.0, 1.0, 1.0, 0.0]))
    0.5
    """
    return float(AGGREGATES[aggregate](items, np.ones((1, len(items))))[0])


def interval(items: Floats, aggregate: str = "mean", draws: int = 1000, level: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Percentile bootstrap interval over items (Efron 1979)."""
    values = np.concatenate([AGGREGATES[aggregate](items, counts) for counts in _counts(len(items), draws, seed)])
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class Difference(NamedTuple):
    """First model less second model, on the same items."""

    value: float
    low: float
    high: float
    p: float
    """Two-sided, of the paired randomisation test: that exchanging the two on random items differs as much."""


def difference(
    first: Sequence[Floats], second: Sequence[Floats], aggregate: str = "mean", draws: int = 10_000, seed: int = 0
) -> Difference:
    """Paired comparison of two models by their per-item scores; each may come in several seeds, whose values are averaged.

    The interval is a paired bootstrap over a tenth of the draws; the p-value is that of the randomisation test (Fisher 1935;
    Smucker, Allan and Carterette 2007 found it the soundest for retrieval), with the observed arrangement counted as one draw.
    """
    n = len(first[0])
    if any(len(items) != n for items in (*first, *second)):
        raise ValueError(f"paired items expected; got {sorted({len(items) for items in (*first, *second)})}")
    drawn = [
        _average(first, aggregate, counts) - _average(second, aggregate, counts)
        for counts in _counts(n, max(draws // 10, 1000), seed)
    ]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    once = np.ones((1, n))
    observed = float((_average(first, aggregate, once) - _average(second, aggregate, once))[0])
    rivals = list(zip(first, second, strict=True) if len(first) == len(second) else itertools.product(first, second))
    exchanged = np.concatenate(
        [np.mean([_exchanged(a, b, aggregate, swap) for a, b in rivals], axis=0) for swap in _swaps(n, draws, seed)]
    )
    # A hair of slack: the observed arrangement, met again among the draws, must count as equal in spite of rounding.
    extreme = int((np.abs(exchanged) >= abs(observed) * (1 - 1e-9) - 1e-12).sum())
    return Difference(observed, float(low), float(high), (1 + extreme) / (1 + len(exchanged)))


def _average(seeds: Sequence[Floats], aggregate: str, counts: Floats) -> Floats:
    average: Floats = np.mean([AGGREGATES[aggregate](items, counts) for items in seeds], axis=0)
    return average


def _exchanged(first: Floats, second: Floats, aggregate: str, swap: Floats) -> Floats:
    """The difference when the two models' scores are exchanged wherever `swap`, (draw, item), is 1; returns (draw,)."""
    if aggregate == "mean":
        differences: Floats = (1 - 2 * swap) @ (first - second) / len(first)
        return differences
    subset = first[:, 2] if aggregate != "spearman" else np.zeros(len(first))
    members = [subset == each for each in np.unique(subset)]
    weights = np.array([member.sum() if aggregate == "spearman-weighted" else 1.0 for member in members])
    values = [_exchanged_ranks(first[member], second[member], swap[:, member]) for member in members]
    combined: Floats = weights @ np.stack(values) / weights.sum()
    return combined


def _exchanged_ranks(first: Floats, second: Floats, swap: Floats) -> Floats:
    """Two models' cosines live on different scales, so it is their ranks that are exchanged."""
    once = np.ones((1, len(first)))
    a, b, gold = (_ranks(column, once)[0] for column in (first[:, 0], second[:, 0], first[:, 1]))
    return 100 * (_swapped_correlation(a, b, gold, swap) - _swapped_correlation(b, a, gold, swap))


def _swapped_correlation(a: Floats, b: Floats, gold: Floats, swap: Floats) -> Floats:
    """Correlation with gold of a where swap is 0 and b where it is 1, by three products instead of a new vector a draw."""
    n, gold = len(a), gold - gold.mean()
    total, squares = a.sum() + swap @ (b - a), a @ a + swap @ (b * b - a * a)
    shared = a @ gold + swap @ ((b - a) * gold)
    spread = np.sqrt(np.maximum(squares - total * total / n, 0) * (gold @ gold))
    correlation: Floats = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 1e-9)
    return correlation


def _ranks(values: Floats, counts: Floats) -> Floats:
    """Average ranks of the values when item i occurs counts[:, i] times; (draw, item)."""
    order = np.argsort(values, kind="stable")
    _, group = np.unique(values[order], return_inverse=True)
    starts = np.flatnonzero(np.r_[True, np.diff(group) > 0])
    sizes = np.add.reduceat(counts[:, order], starts, axis=1)
    middles = np.cumsum(sizes, axis=1) - (sizes - 1) / 2
    ranks = np.empty_like(counts)
    ranks[:, order] = middles[:, group]
    return ranks


def _correlation(x: Floats, y: Floats, counts: Floats) -> Floats:
    n = counts.sum(axis=1, keepdims=True)
    x = x - (counts * x).sum(axis=1, keepdims=True) / n
    y = y - (counts * y).sum(axis=1, keepdims=True) / n
    shared = (counts * x * y).sum(axis=1)
    spread = np.sqrt((counts * x * x).sum(axis=1) * (counts * y * y).sum(axis=1))
    correlation: Floats = np.divide(shared, spread, out=np.zeros_like(shared), where=spread > 1e-9)
    return correlation


def _counts(items: int, draws: int, seed: int) -> Iterator[Floats]:
    """Bootstrap draws as counts, (some draws, item), a bounded number at a time."""
    random = np.random.default_rng(seed)
    for some in _portions(items, draws):
        drawn = random.integers(items, size=(some, items)) + np.arange(some)[:, None] * items
        yield np.bincount(drawn.ravel(), minlength=some * items).reshape(some, items).astype(np.float64)


def _swaps(items: int, draws: int, seed: int) -> Iterator[NDArray[Any]]:
    """Fair coins as 0.0 and 1.0, (some draws, item), a bounded number at a time."""
    random = np.random.default_rng(seed)
    for some in _portions(items, draws):
        bits = np.frombuffer(random.bytes((some * items + 7) // 8), dtype=np.uint8)
        yield np.unpackbits(bits, count=some * items).reshape(some, items).astype(np.float64)


def _portions(items: int, draws: int) -> Iterator[int]:
    at_once = max(1, _NUMBERS // max(items, 1))
    for start in range(0, draws, at_once):
        yield min(at_once, draws - start)
