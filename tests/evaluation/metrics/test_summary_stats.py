"""How summaries are worded: by hand, and against counting in the plainest way."""

from __future__ import annotations

import numpy as np
import pytest

from sentrep.data.words import plain_words
from sentrep.evaluation.metrics.summary_stats import distinct, novelty, prefix_copy, repetition


def test_by_hand() -> None:
    article = plain_words("oil prices rose on monday as oil grew scarce")
    assert prefix_copy(plain_words("oil prices rose"), article) == 1
    assert prefix_copy(plain_words("oil prices fell on monday"), article) == 2 / 5
    assert prefix_copy(plain_words("prices rose"), article) == 0
    assert prefix_copy([*article, "today"], article) == 9 / 10
    assert novelty(plain_words("oil oil scarce costly dear"), article) == 2 / 4
    assert novelty(article, article) == 0
    assert repetition(plain_words("oil oil scarce oil")) == 2 / 4
    assert repetition(article) == 1 / 9


def test_what_is_empty_neither_copies_nor_repeats() -> None:
    assert prefix_copy([], ["a"]) == novelty([], ["a"]) == repetition([]) == 0
    assert prefix_copy(["a"], []) == 0
    assert novelty(["a"], []) == 1
    for n in (1, 2):
        np.testing.assert_array_equal(distinct([[], []], n), [0, 0])
    np.testing.assert_array_equal(distinct([["a"], ["b"]], 2), [0, 0])


@pytest.mark.parametrize("n", [1, 2, 3])
def test_distinct_is_the_ratio_in_any_order(n: int) -> None:
    random = np.random.default_rng(n)
    summaries = [list(random.choice(list("abcdefgh"), random.integers(0, 12))) for _ in range(40)]
    grams = [tuple(words[at : at + n]) for words in summaries for at in range(len(words) - n + 1)]
    items = distinct(summaries, n)
    assert items.mean() == pytest.approx(len(set(grams)) / len(grams))
    order = random.permutation(40)
    np.testing.assert_allclose(distinct([summaries[at] for at in order], n), items[order])


def test_whoever_repeats_what_others_say_contributes_less() -> None:
    items = distinct([["a", "b"], ["a", "b"], ["a", "b"], ["c", "d"]], 1)
    assert items[0] == items[1] == items[2] < items.mean() < items[3]
