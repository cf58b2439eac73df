"""Choosing: the best, unless a cheaper one is as good; never one below the mean of a cheaper one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.pipelines.build.choice import Candidate, choose, verdict


def candidate(name: str, cost: int, share: float, seed: int = 0, count: int = 400) -> Candidate:
    return Candidate(name, cost, (np.random.default_rng(seed).random(count) < share).astype(float))


def test_a_clear_winner_is_chosen_whatever_it_costs() -> None:
    choice = choose([candidate("cheap", 0, 0.3), candidate("dear", 5, 0.8)])
    assert choice.chosen.name == "dear"
    assert "better than cheap" in verdict(choice, "cheap")


def test_the_cheaper_of_equals_is_chosen() -> None:
    choice = choose([candidate("cheap", 0, 0.6), candidate("dear", 5, 0.6, seed=1)])
    assert choice.chosen.name == "cheap"
    assert choice.best.name in ("cheap", "dear")


def test_equal_cost_goes_to_the_better() -> None:
    choice = choose([candidate("a", 1, 0.2), candidate("b", 1, 0.9)])
    assert choice.chosen.name == "b"


@settings(max_examples=15)
@given(st.lists(st.floats(0.1, 0.9), min_size=2, max_size=5), st.integers(0, 100))
def test_no_cheaper_one_has_a_higher_mean(shares: list[float], seed: int) -> None:
    given_ = [candidate(str(cost), cost, share, seed + cost, 120) for cost, share in enumerate(shares)]
    chosen = choose(given_).chosen
    assert all(other.value <= chosen.value for other in given_ if other.cost < chosen.cost)


def test_the_verdict_names_what_is_not_significant() -> None:
    both = [candidate("BM25", 1, 0.5, 1), candidate("table", 0, 0.5, 2)]
    assert "not significant" in verdict(choose(both), "BM25")
    assert verdict(choose(both[:1]), "BM25") == "Chosen: BM25; no other model is significantly better."


@pytest.mark.parametrize("number", [1, 2])
def test_one_or_equal_candidates(number: int) -> None:
    choice = choose([candidate(str(each), each, 0.5) for each in range(number)])
    assert choice.chosen.name == "0"
