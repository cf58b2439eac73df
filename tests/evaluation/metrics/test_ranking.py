"""Ranking metrics: equal to trec_eval without ties, equal to the mean over all orders with them."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.evaluation.metrics import ranking as metrics
from sentrep.evaluation.metrics.ranking import (
    RelevantRanks,
    average_precision,
    average_ranks,
    ndcg,
    precision,
    r_precision,
    recall,
    reciprocal_rank,
    tie_groups,
)
from tests.evaluation.metrics.ranks import rank_all

pytrec_eval = pytest.importorskip("pytrec_eval")

METRICS: dict[str, Callable[[RelevantRanks], np.ndarray]] = {
    "ndcg_cut_10": lambda ranks: ndcg(ranks, 10),
    "ndcg_cut_3": lambda ranks: ndcg(ranks, 3),
    "map_cut_5": lambda ranks: average_precision(ranks, 5),
    "map": lambda ranks: average_precision(ranks, 1000),
    "recip_rank": lambda ranks: reciprocal_rank(ranks, 1000),
    "recall_1": lambda ranks: recall(ranks, 1),
    "recall_10": lambda ranks: recall(ranks, 10),
    "recall_100": lambda ranks: recall(ranks, 100),
    "P_5": lambda ranks: precision(ranks, 5),
    "P_10": lambda ranks: precision(ranks, 10),
    "Rprec": r_precision,
}


def test_equals_trec_eval_where_nothing_ties() -> None:
    random = np.random.default_rng(1)
    scores = random.permuted(np.tile(np.arange(150.0), (40, 1)), axis=1)
    relevant = [
        {
            int(document): float(random.integers(1, 4))
            for document in random.choice(150, random.integers(1, 20), replace=False)
        }
        for _ in scores
    ]
    run = {f"q{q}": {f"d{d}": float(score) for d, score in enumerate(row)} for q, row in enumerate(scores)}
    qrels = {f"q{q}": {f"d{d}": int(gain) for d, gain in each.items()} for q, each in enumerate(relevant)}
    measures = {
        "ndcg_cut.3,10",
        "map",
        "map_cut.5",
        "recip_rank",
        "recall.1,10,100",
        "success.1,5",
        "P.5,10",
        "Rprec",
    }
    expected = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(run)
    ranks = rank_all(scores, relevant)
    for name, metric in METRICS.items():
        np.testing.assert_allclose(
            metric(ranks), [expected[f"q{q}"][name] for q in range(40)], atol=1e-9, err_msg=name
        )


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_ties_are_the_mean_over_all_orders(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 6))
    scores = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)), dtype=float)
    chosen = data.draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    relevant = {document: float(data.draw(st.integers(1, 3))) for document in chosen}
    # Every strict order that agrees with the scores, each equally likely.
    orders = [order for order in itertools.permutations(range(n)) if all(np.diff(scores[list(order)]) <= 0)]
    strict = np.empty((len(orders), n))
    for row, order in zip(strict, orders, strict=True):
        row[list(order)] = np.arange(n, 0, -1)
    tied, untied = rank_all(scores[None], [relevant]), rank_all(strict, [relevant] * len(orders))
    assert r_precision(tied)[0] == pytest.approx(r_precision(untied).mean(), abs=1e-12)
    for metric in (ndcg, average_precision, reciprocal_rank, recall, precision):
        for k in (1, 2, 4, 10):
            assert metric(tied, k)[0] == pytest.approx(metric(untied, k).mean(), abs=1e-12), (
                metric.__name__,
                k,
            )


def test_a_worked_case() -> None:
    # Ranks of the relevant documents: 2 and 4, among 5.
    ranks = rank_all(np.array([[5.0, 4.0, 3.0, 2.0, 1.0]]), [{1: 1.0, 3: 1.0}])
    assert average_precision(ranks)[0] == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert reciprocal_rank(ranks, 10)[0] == pytest.approx(1 / 2)
    assert reciprocal_rank(ranks, 1)[0] == 0
    ideal = 1 + 1 / np.log2(3)
    assert ndcg(ranks, 10)[0] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / ideal)
    assert recall(ranks, 2)[0] == pytest.approx(0.5)


def test_all_alike_is_exactly_chance_and_all_right_is_one() -> None:
    n, relevant = 5000, [{4321: 1.0}]
    alike = rank_all(np.zeros((1, n)), relevant)
    for k in (1, 10, 100):
        assert recall(alike, k)[0] == pytest.approx(k / n, rel=1e-12)
    assert reciprocal_rank(alike, 10)[0] == pytest.approx((1 / np.arange(1, 11)).sum() / n, rel=1e-12)
    assert average_precision(alike, 1000)[0] == pytest.approx((1 / np.arange(1, 1001)).sum() / n, rel=1e-12)
    right = np.zeros((1, n))
    right[0, 4321] = 1
    for metric in (ndcg, average_precision, reciprocal_rank, recall):
        assert metric(rank_all(right, relevant), 1)[0] == pytest.approx(1)


def test_scores_within_the_tolerance_tie_wherever_they_lie() -> None:
    noise = np.random.default_rng(0).uniform(-1e-7, 1e-7, 100)
    for centre in (0.5, 0.4999995, 1.0, -0.3):
        scores = centre + noise
        groups = tie_groups(scores, scores[[3, 50]], np.ones(2), tolerance=1e-6)
        assert (groups.above.tolist(), groups.tied.tolist(), groups.relevant.tolist()) == ([0], [100], [2])


def test_sorting_for_many_groups_equals_counting_for_few(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).integers(0, 60, 300) / 60
    ranks = []
    for few in (1, 1000):
        monkeypatch.setattr(metrics, "_FEW", few)
        ranks.append(
            tie_groups(scores.astype(np.float32), scores[:100], np.ones(100), tolerance=1e-3, own=scores[100])
        )
    for sorted_out, counted in zip(*ranks, strict=True):
        np.testing.assert_array_equal(sorted_out, counted)


def test_the_query_itself_is_left_out_above_and_among_the_tied() -> None:
    scores = np.array([3.0, 2.0, 2.0, 1.0])
    assert tie_groups(scores, scores[[2]], np.ones(1), own=3.0).above.tolist() == [0]
    assert tie_groups(scores, scores[[2]], np.ones(1), own=2.0).tied.tolist() == [1]
    below = tie_groups(scores, scores[[2]], np.ones(1), own=1.0)
    assert (below.above.tolist(), below.tied.tolist()) == ([1], [2])


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=30))
def test_average_ranks_are_scipy_s(values: list[int]) -> None:
    stats = pytest.importorskip("scipy.stats")
    np.testing.assert_allclose(average_ranks(np.array(values)), stats.rankdata(values))
