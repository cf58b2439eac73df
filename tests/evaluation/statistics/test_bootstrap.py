"""Aggregates, intervals and paired tests, against scipy and against naive resampling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from sentrep.evaluation.statistics import bootstrap as resampling
from sentrep.evaluation.statistics.bootstrap import AGGREGATES, interval, mean, spearman, value_of
from tests.evaluation.statistics.items import pairs, ranked


def test_spearman_and_its_three_conventions_equal_scipy() -> None:
    items = pairs(90, 2.0)
    first, second = items[:30], items[30:]
    pooled, one, other = (
        100 * stats.spearmanr(part[:, 0], part[:, 1]).statistic for part in (items, first, second)
    )
    assert value_of(items, "spearman") == pytest.approx(pooled)
    assert value_of(items, "spearman-mean") == pytest.approx((one + other) / 2)
    assert value_of(items, "spearman-weighted") == pytest.approx((30 * one + 60 * other) / 90)


def test_counts_are_repetition() -> None:
    items = pairs(40, 2.0)
    drawn = np.random.default_rng(0).integers(40, size=40)
    counts = np.bincount(drawn, minlength=40).astype(float)[None]
    repeated = items[drawn]
    assert spearman(items, counts)[0] == pytest.approx(
        100 * stats.spearmanr(repeated[:, 0], repeated[:, 1]).statistic
    )
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
    monkeypatch.setattr(resampling, "NUMBERS", 50 * 7)
    assert interval(items) == pytest.approx(whole)


def test_average_precision_equals_scikit_learn_without_ties() -> None:
    items = ranked(200, 1.0, 0)
    items[:, 0] += np.random.default_rng(1).permutation(200) / 1e6
    expected = 100 * metrics.average_precision_score(items[:, 1], items[:, 0])
    assert value_of(items, "average-precision") == pytest.approx(expected, abs=1e-9)


def _mean_precision(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Average precision over every order that agrees with the scores, one by one."""
    orders = [
        order
        for order in itertools.permutations(range(len(scores)))
        if all(np.diff(scores[list(order)]) <= 0)
    ]
    values = []
    for order in orders:
        found = wanted[list(order)]
        values.append((np.cumsum(found) / np.arange(1, len(found) + 1))[found == 1].mean())
    return 100 * float(np.mean(values))


@pytest.mark.parametrize("seed", range(6))
def test_average_precision_of_ties_is_the_mean_over_all_orders(seed: int) -> None:
    random = np.random.default_rng(seed)
    items = np.stack([random.integers(0, 3, 6), np.r_[1, random.integers(0, 2, 5)]], axis=1).astype(float)
    assert value_of(items, "average-precision") == pytest.approx(_mean_precision(*items.T))
    drawn = random.integers(6, size=6)
    drawn[0] = 0
    counts = np.bincount(drawn, minlength=6).astype(float)[None]
    assert AGGREGATES["average-precision"](items, counts)[0] == pytest.approx(
        _mean_precision(*items[drawn].T)
    )


def test_average_precision_knows_chance_and_nothing() -> None:
    items = np.stack([np.zeros(40), np.arange(40) < 10], axis=1)
    counts = np.bincount(np.arange(10, 40), minlength=40).astype(float)[None]
    assert AGGREGATES["average-precision"](items, counts)[0] == 0, "nothing wanted, nothing found"
    # All alike: close to the share of the wanted, and exactly its expectation.
    assert value_of(items, "average-precision") == pytest.approx(_chance(40, 10))


def _chance(n: int, wanted: int) -> float:
    """Expected average precision of a random order (Bestgen 2015)."""
    harmonic = float((1 / np.arange(1, n + 1)).sum())
    return 100 * ((wanted - 1) / (n - 1) * (1 - harmonic / n) + harmonic / n)


def test_perplexity_is_that_of_all_words_together() -> None:
    nats, words = np.array([4.0, 9.0, 2.0]), np.array([2.0, 3.0, 1.0])
    items = np.stack([nats, words], axis=1)
    assert value_of(items, "perplexity") == pytest.approx(np.exp(15 / 6))
    assert AGGREGATES["perplexity"](items, np.array([[2.0, 0.0, 1.0]]))[0] == pytest.approx(np.exp(10 / 5))
    low, high = interval(items, "perplexity")
    assert np.exp(2) <= low < np.exp(15 / 6) < high <= np.exp(3)


def test_a_ratio_is_f1_and_averages_its_pairs() -> None:
    random = np.random.default_rng(0)
    gold, one, other = random.integers(0, 2, (3, 80)).astype(float)
    columns = [np.stack([2 * gold * found, gold + found], axis=1) for found in (one, other)]
    expected = [100 * metrics.f1_score(gold, found) for found in (one, other)]
    assert value_of(columns[0], "ratio") == pytest.approx(expected[0])
    assert value_of(np.concatenate(columns, axis=1), "ratio") == pytest.approx(np.mean(expected))
    drawn = random.integers(80, size=80)
    counts = np.bincount(drawn, minlength=80).astype(float)[None]
    assert AGGREGATES["ratio"](columns[0], counts)[0] == pytest.approx(
        100 * metrics.f1_score(gold[drawn], one[drawn])
    )
    assert interval(np.zeros((80, 2)), "ratio") == (0, 0)
