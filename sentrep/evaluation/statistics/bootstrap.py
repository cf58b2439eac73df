"""Aggregates, which turn per-item scores into the value of a metric, and bootstrap intervals of them.

Drawing n of n items with replacement gives every item a count. So an aggregate is a function of items and
counts: the value of a metric has all counts 1, and a bootstrap draw has others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from sentrep.evaluation.metrics.ranking import Floats, Integers, tied_precision

# Numbers in working memory at a time, whatever the number of items and draws.
NUMBERS = 2_000_000


def mean(items: Floats, counts: Floats) -> Floats:
    """Mean of the items under each row of counts.

    Args:
        items: (item,)
        counts: (draw, item)

    Returns:
        (draw,)

    >>> mean(np.array([1.0, 3.0]), np.array([[1.0, 1.0], [2.0, 0.0]])).tolist()
    [2.0, 1.0]
    """
    means: Floats = counts @ items / counts.sum(axis=1)
    return means


def spearman(items: Floats, counts: Floats) -> Floats:
    """Spearman's rank correlation x 100 of the first two columns; 0 where it is undefined.

    Tied values get their average rank.

    Args:
        items: (item, 2 or more): predicted and gold value.
        counts: (draw, item)

    Returns:
        (draw,)

    >>> spearman(np.array([[0.1, 1.0], [0.5, 2.0], [0.7, 5.0]]), np.ones((1, 3))).round(6).tolist()
    [100.0]
    """
    predicted, gold = ranks(items[:, 0], counts), ranks(items[:, 1], counts)
    return 100 * _correlation(predicted, gold, counts)


def _by_subset(items: Floats, counts: Floats, weighted: bool) -> Floats:
    """Mean of the correlations of subsets; the third column has the number of an item's subset."""
    subsets = np.unique(items[:, 2])
    members = [items[:, 2] == subset for subset in subsets]
    values = np.stack([spearman(items[member], counts[:, member]) for member in members])
    weights = np.array([member.sum() if weighted else 1 for member in members], dtype=np.float64)
    means: Floats = weights @ values / weights.sum()
    return means


def ratio(items: Floats, counts: Floats) -> Floats:
    """Ratio x 100 of the sums of two columns; the mean over several pairs of columns; 0 where undefined.

    F1 (twice the true positives over predicted plus actual positives) and V-measure (mutual information over
    entropies) are such ratios.

    Args:
        items: (item, 2 * pairs): numerator and denominator, side by side.
        counts: (draw, item)

    Returns:
        (draw,)

    Reference:
        van Rijsbergen 1979, "Information Retrieval", chapter 7.

    >>> ratio(np.array([[1.0, 2.0], [1.0, 2.0]]), np.ones((1, 2))).tolist()
    [50.0]
    """
    return ratios(counts @ items)


def perplexity(items: Floats, counts: Floats) -> Floats:
    """Exponential of the sum of the first column over the sum of the second.

    Args:
        items: (item, 2): negative log-likelihood in nats, and number of tokens.
        counts: (draw, item)

    Returns:
        (draw,)
    """
    return perplexities(counts @ items)


def average_precision(items: Floats, counts: Floats) -> Floats:
    """Average precision x 100 of ranking the items by their first column, the largest first.

    Of tied items the expected value over all their orders is taken; 0 where there are no positive items.

    Args:
        items: (item, 2): score, and 1 for positive items.
        counts: (draw, item)

    Returns:
        (draw,)
    """
    order = np.argsort(-items[:, 0], kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(items[order, 0]) < 0])
    whole = counts[:, order].astype(np.int64)
    wanted = whole * (items[order, 1] == 1)
    return expected_precision(np.add.reduceat(whole, starts, axis=1), np.add.reduceat(wanted, starts, axis=1))


AGGREGATES: dict[str, Callable[[Floats, Floats], Floats]] = {
    "mean": mean,
    "spearman": spearman,
    "spearman-mean": partial(_by_subset, weighted=False),
    "spearman-weighted": partial(_by_subset, weighted=True),
    "ratio": ratio,
    "perplexity": perplexity,
    "average-precision": average_precision,
}


def value_of(items: Floats, aggregate: str = "mean") -> float:
    """The value of a metric from its per-item scores.

    >>> value_of(np.array([0.0, 1.0, 1.0, 0.0]))
    0.5
    """
    return float(AGGREGATES[aggregate](items, np.ones((1, len(items))))[0])


def interval(
    items: Floats, aggregate: str = "mean", draws: int = 1000, level: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval over items.

    Args:
        items: (item,) or (item, column), as the aggregate needs them.
        aggregate: a key of `AGGREGATES`.
        draws: bootstrap samples.
        level: share of the draws within the interval.
        seed: of the draws.

    Returns:
        Lower and upper end.

    Reference:
        Efron 1979, "Bootstrap methods: another look at the jackknife".

    >>> interval(np.ones(10))
    (1.0, 1.0)
    """
    values = np.concatenate(
        [AGGREGATES[aggregate](items, counts) for counts in bootstrap(len(items), draws, seed)]
    )
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def expected_precision(tied: Integers, wanted: Integers) -> Floats:
    """Expected average precision x 100 under ties.

    Args:
        tied: (draw, rank), items that share a score, the best score first.
        wanted: (draw, rank), how many of them are positive.

    Returns:
        (draw,)
    """
    above, before = np.cumsum(tied, axis=1) - tied, np.cumsum(wanted, axis=1) - wanted
    depth = int(tied.sum(axis=1).max())
    summed = tied_precision(above, np.maximum(tied, 1), wanted, before, depth).sum(axis=1)
    averages: Floats = 100 * summed / np.maximum(wanted.sum(axis=1), 1)
    return averages


def ratios(sums: Floats) -> Floats:
    """`ratio` from sums over items, (draw, 2 * pairs)."""
    above, below = sums[:, 0::2], sums[:, 1::2]
    means: Floats = 100 * np.divide(above, below, out=np.zeros_like(above), where=below > 1e-9).mean(axis=1)
    return means


def perplexities(sums: Floats) -> Floats:
    """`perplexity` from sums over items, (draw, 2)."""
    found: Floats = np.exp(sums[:, 0] / sums[:, 1])
    return found


def ranks(values: Floats, counts: Floats) -> Floats:
    """Average ranks of the values if item i occurs counts[:, i] times: (draw, item)."""
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


def bootstrap(items: int, draws: int, seed: int) -> Iterator[Floats]:
    """Bootstrap draws as counts, (some draws, item), as many at a time as `NUMBERS` allows."""
    random = np.random.default_rng(seed)
    for some in portions(items, draws):
        drawn = random.integers(items, size=(some, items)) + np.arange(some)[:, None] * items
        yield np.bincount(drawn.ravel(), minlength=some * items).reshape(some, items).astype(np.float64)


def portions(items: int, draws: int) -> Iterator[int]:
    """Numbers of draws at a time, which sum to `draws`."""
    at_once = max(1, NUMBERS // max(items, 1))
    for start in range(0, draws, at_once):
        yield min(at_once, draws - start)
