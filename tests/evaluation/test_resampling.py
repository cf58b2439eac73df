"""Aggregates, intervals and paired tests, against scipy and against naive resampling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from sentrep.evaluation import resampling
from sentrep.evaluation.resampling import AGGREGATES, difference, interval, mean, spearman, value_of


def _pairs(n: int, noise: float, seed: int = 0) -> np.ndarray:
    """Items (predicted, gold, subset) with many ties, two subsets of unequal size."""
    random = np.random.default_rng(seed)
    gold = random.integers(0, 6, n).astype(float)
    predicted = np.round(gold + noise * random.standard_normal(n), 1)
    return np.stack([predicted, gold, (np.arange(n) >= n // 3).astype(float)], axis=1)


def test_spearman_and_its_three_conventions_equal_scipy() -> None:
    items = _pairs(90, 2.0)
    first, second = items[:30], items[30:]
    pooled, one, other = (100 * stats.spearmanr(part[:, 0], part[:, 1]).statistic for part in (items, first, second))
    assert value_of(items, "spearman") == pytest.approx(pooled)
    assert value_of(items, "spearman-mean") == pytest.approx((one + other) / 2)
    assert value_of(items, "spearman-weighted") == pytest.approx((30 * one + 60 * other) / 90)


def test_counts_are_repetition() -> None:
    items = _pairs(40, 2.0)
    drawn = np.random.default_rng(0).integers(40, size=40)
    counts = np.bincount(drawn, minlength=40).astype(float)[None]
    repeated = items[drawn]
    assert spearman(items, counts)[0] == pytest.approx(100 * stats.spearmanr(repeated[:, 0], repeated[:, 1]).statistic)
    assert mean(items[:, 0], counts)[0] == pytest.approx(repeated[:, 0].mean())


def test_constant_predictions_correlate_with_nothing() -> None:
    items = np.stack([np.ones(20), np.arange(20.0), np.zeros(20)], axis=1)
    for aggregate in ("spearman", "spearman-mean", "spearman-weighted"):
        assert value_of(items, aggregate) == 0
        assert interval(items, aggregate) == (0, 0)


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    items = np.random.default_rng(3).standard_normal(400)
    low, high = interval(items, draws=4000)
    half = 1.96 * items.std() / 20
    assert low == pytest.approx(items.mean() - half, abs=0.01)
    assert high == pytest.approx(items.mean() + half, abs=0.01)
    assert interval(items) == interval(items), "seeded"


def test_the_interval_does_not_depend_on_the_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    items = np.random.default_rng(3).standard_normal(50)
    whole = interval(items)
    monkeypatch.setattr(resampling, "_NUMBERS", 50 * 7)
    assert interval(items) == pytest.approx(whole)


def test_randomisation_equals_full_enumeration() -> None:
    random = np.random.default_rng(0)
    first, second = random.standard_normal(10) + 0.5, random.standard_normal(10)
    apart = first - second
    signs = np.array(list(itertools.product([-1, 1], repeat=10)))
    exact = (np.abs(signs @ apart) >= abs(apart.sum()) - 1e-12).mean()
    assert difference([first], [second]).p == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("aggregate", [name for name in AGGREGATES if name != "mean"])
def test_exchanging_ranks_equals_the_slow_way(aggregate: str) -> None:
    first, second = _pairs(30, 1.0), _pairs(30, 1.0)
    second[:, 0] += np.random.default_rng(9).standard_normal(30)
    swap = np.random.default_rng(1).integers(0, 2, (5, 30)).astype(float)
    subset = first[:, 2] if aggregate != "spearman" else np.zeros(30)
    for row, found in zip(swap, resampling._exchanged(first, second, aggregate, swap), strict=True):
        values, weights = [], []
        for each in np.unique(subset):
            member = subset == each
            a, b = stats.rankdata(first[member, 0]), stats.rankdata(second[member, 0])
            gold, exchange = stats.rankdata(first[member, 1]), row[member] == 1
            one, other = np.where(exchange, b, a), np.where(exchange, a, b)
            values.append(100 * (np.corrcoef(one, gold)[0, 1] - np.corrcoef(other, gold)[0, 1]))
            weights.append(member.sum() if aggregate == "spearman-weighted" else 1)
        assert found == pytest.approx(np.average(values, weights=weights))


def test_p_values_are_uniform_under_no_difference_and_small_under_a_large_one() -> None:
    random = np.random.default_rng(0)
    ps = [difference([random.random(40)], [random.random(40)], draws=400).p for _ in range(150)]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    scores = random.random(200)
    large = difference([scores + 0.5 + 0.1 * random.random(200)], [scores])
    assert large.p == pytest.approx(1 / 10_001)
    assert large.low > 0.5
    assert difference([scores], [scores]).p == 1


def test_a_better_correlation_is_found_better() -> None:
    good, bad = _pairs(300, 0.5), _pairs(300, 4.0)
    found = difference([good], [bad], "spearman", draws=2000)
    assert found.value == pytest.approx(value_of(good, "spearman") - value_of(bad, "spearman"))
    assert found.p < 0.01
    assert 0 < found.low < found.value < found.high


def test_seeds_are_averaged_and_unequal_items_refused() -> None:
    random = np.random.default_rng(0)
    a, b, c = random.random((3, 50))
    together, averaged = difference([a, b], [c, c]), difference([(a + b) / 2], [c])
    assert together.value == pytest.approx(averaged.value)
    assert together.p == pytest.approx(averaged.p)
    assert difference([a, b], [c]).p == pytest.approx(averaged.p)
    with pytest.raises(ValueError, match="paired items"):
        difference([a], [c[:40]])
