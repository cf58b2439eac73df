"""Choosing: the expected one, unless another one is shown to be better, or a cheaper one to be as good."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.evaluation.statistics.permutation import difference
from sentrep.pipelines.build.choice import MARGIN, SIGNIFICANT, Scored, choose, verdict


def candidate(
    name: str, cost: int, share: float, expected: int = 0, seed: int = 0, count: int = 400
) -> Scored:
    """Right answers to a share of the questions; the same questions for all of the same seed."""
    return Scored(name, cost, expected, (np.random.default_rng(seed).random(count) < share).astype(float))


def test_a_clear_winner_is_chosen_whatever_it_costs_and_was_expected_of_it() -> None:
    choice = choose([candidate("cheap", 0, 0.3, expected=9), candidate("dear", 5, 0.8)])
    assert choice.chosen.name == choice.best.name == "dear"
    assert "better than cheap" in verdict(choice, "cheap")


def test_the_expected_one_is_chosen_where_the_questions_do_not_tell() -> None:
    number = np.arange(30)  # of 30 questions BM25 answers 16, the other model 14, of which they share 7
    right = number < 16, (number >= 9) & (number < 23)
    few = [
        Scored("BM25", 0, 0, right[0].astype(np.float64)),
        Scored("fused", 1, 1, right[1].astype(np.float64)),
    ]
    choice = choose(few)
    assert choice.chosen.name == "fused"
    said = verdict(choice, "BM25")
    assert said == (
        "Chosen: fused, which is worse than BM25 by .067 (95 % interval -.333 to .200, p = .800; too few "
        "questions to be certain); BM25 is better by .067 here, which is not significant."
    )


def test_a_significantly_better_one_replaces_the_expected_one() -> None:
    all_three = [candidate("BM25", 0, 0.5), candidate("fused", 1, 0.4, expected=1), candidate("dear", 2, 0.7)]
    assert choose(all_three).chosen.name == "dear"


def test_a_cheaper_one_that_is_as_good_replaces_the_expected_one() -> None:
    same = [candidate("cheap", 0, 0.6), candidate("dear", 5, 0.6, expected=3)]
    choice = choose(same)
    assert choice.chosen.name == "cheap"
    assert verdict(choice, "cheap") == "Chosen: cheap; no other model is better."
    nearly = [candidate("cheap", 0, 0.59, count=9000), candidate("dear", 5, 0.593, expected=3, count=9000)]
    choice = choose(nearly)
    assert choice.chosen.name == "cheap"
    assert verdict(choice, "cheap") == "Chosen: cheap; dear is better by .003 here, but costs more."


def test_a_cheaper_one_that_may_lose_more_does_not() -> None:
    assert choose([candidate("cheap", 0, 0.6), candidate("dear", 5, 0.62, expected=3)]).chosen.name == "dear"


def test_equal_cost_and_expectation_goes_to_the_better() -> None:
    choice = choose([candidate("a", 1, 0.2), candidate("b", 1, 0.9)])
    assert choice.chosen.name == "b"


@settings(max_examples=15)
@given(st.lists(st.floats(0.1, 0.9), min_size=2, max_size=5), st.integers(0, 100))
def test_none_is_chosen_that_is_significantly_worse_than_a_cheaper_one(
    shares: list[float], seed: int
) -> None:
    given_ = [candidate(str(cost), cost, share, cost, seed + cost, 120) for cost, share in enumerate(shares)]
    choice = choose(given_)
    for other in given_:
        if other.cost < choice.chosen.cost and other.value > choice.chosen.value:
            assert choice.p[other.name] >= SIGNIFICANT


@settings(max_examples=15)
@given(st.floats(0.3, 0.7), st.floats(0.3, 0.7), st.integers(0, 100))
def test_a_cheaper_one_is_taken_only_where_its_loss_is_bounded(cheap: float, dear: float, seed: int) -> None:
    given_ = [candidate("cheap", 0, cheap, 0, seed), candidate("dear", 1, dear, 1, seed + 1)]
    lead = difference([given_[0].items], [given_[1].items])
    expected = lead.low > -MARGIN or (lead.p < SIGNIFICANT and lead.value > 0)
    assert (choose(given_).chosen.name == "cheap") == expected


@pytest.mark.parametrize("number", [1, 2])
def test_one_or_equal_candidates(number: int) -> None:
    choice = choose([candidate(str(each), each, 0.5, each) for each in range(number)])
    assert choice.chosen.name == "0"
    if number == 1:
        assert verdict(choice, "0") == "Chosen: 0."
