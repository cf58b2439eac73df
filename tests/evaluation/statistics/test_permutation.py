"""The randomisation test against enumeration, slow ways, and what p-values promise."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from sentrep.evaluation.statistics.bootstrap import AGGREGATES, value_of
from sentrep.evaluation.statistics.permutation import difference, differences, exchange
from tests.errors import refuses
from tests.evaluation.statistics.items import pairs, ranked


def test_randomisation_equals_full_enumeration() -> None:
    random = np.random.default_rng(0)
    first, second = random.standard_normal(10) + 0.5, random.standard_normal(10)
    apart = first - second
    signs = np.array(list(itertools.product([-1, 1], repeat=10)))
    exact = (np.abs(signs @ apart) >= abs(apart.sum()) - 1e-12).mean()
    assert difference([first], [second]).p == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize("aggregate", [name for name in AGGREGATES if name.startswith("spearman")])
def test_exchanging_ranks_equals_the_slow_way(aggregate: str) -> None:
    first, second = pairs(30, 1.0), pairs(30, 1.0)
    second[:, 0] += np.random.default_rng(9).standard_normal(30)
    swap = np.random.default_rng(1).integers(0, 2, (5, 30)).astype(float)
    subset = first[:, 2] if aggregate != "spearman" else np.zeros(30)
    for row, found in zip(swap, exchange([[first], [second]], aggregate, swap)(0, 0, 1, 0), strict=True):
        values, weights = [], []
        for each in np.unique(subset):
            member = subset == each
            a, b = stats.rankdata(first[member, 0]), stats.rankdata(second[member, 0])
            gold, swapped = stats.rankdata(first[member, 1]), row[member] == 1
            one, other = np.where(swapped, b, a), np.where(swapped, a, b)
            values.append(100 * (np.corrcoef(one, gold)[0, 1] - np.corrcoef(other, gold)[0, 1]))
            weights.append(member.sum() if aggregate == "spearman-weighted" else 1)
        assert found == pytest.approx(np.average(values, weights=weights))


@pytest.mark.parametrize("aggregate", ["ratio", "perplexity", "average-precision"])
def test_exchanging_items_equals_the_slow_way(aggregate: str) -> None:
    first, second = ranked(30, 1.0, 0), ranked(30, 1.0, 1)
    mine, theirs = first.copy(), second.copy()
    if aggregate == "average-precision":
        mine[:, 0], theirs[:, 0] = stats.rankdata(first[:, 0]), stats.rankdata(second[:, 0])
    swap = np.random.default_rng(1).integers(0, 2, (5, 30)).astype(float)
    for row, found in zip(swap, exchange([[first], [second]], aggregate, swap)(0, 0, 1, 0), strict=True):
        swapped = (row == 1)[:, None]
        one, other = np.where(swapped, theirs, mine), np.where(swapped, mine, theirs)
        assert found == pytest.approx(value_of(one, aggregate) - value_of(other, aggregate))


@pytest.mark.parametrize("aggregate", ["ratio", "average-precision"])
def test_luck_and_skill_are_told_apart_by_any_aggregate(aggregate: str) -> None:
    def measured(noise: float, seed: int) -> np.ndarray:
        items = ranked(120, noise, seed)
        found = items[:, 0] > 0.5
        return (
            items
            if aggregate == "average-precision"
            else np.stack([2 * found * items[:, 1], found + items[:, 1]], axis=1)
        )

    ps = [
        difference([measured(1, 2 * n)], [measured(1, 2 * n + 1)], aggregate, draws=200).p for n in range(60)
    ]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    skilled = difference([measured(0.3, 0)], [measured(2, 1)], aggregate, draws=500)
    assert skilled.p < 0.01
    assert 0 < skilled.low < skilled.value < skilled.high
    assert difference([measured(1, 0)], [measured(1, 0)], aggregate, draws=200).p == 1


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
    good, bad = pairs(300, 0.5), pairs(300, 4.0)
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
    with refuses(ValueError):
        difference([a], [c[:40]])


@pytest.mark.parametrize("aggregate", ["mean", "spearman-mean", "ratio"])
def test_many_models_at_once_are_pairs_one_by_one(aggregate: str) -> None:
    models = [
        [pairs(60, noise)] if aggregate == "spearman-mean" else [ranked(60, noise, 3)]
        for noise in (0.5, 1.0, 2.0)
    ]
    if aggregate == "mean":
        models = [[items[:, 0] for items in seeds] for seeds in models]
    together = differences(models, aggregate, draws=500)
    assert list(together) == [(0, 1), (0, 2), (1, 2)]
    for (first, second), found in together.items():
        assert found == pytest.approx(difference(models[first], models[second], aggregate, draws=500))
