"""The reservoir: every item of a stream has the same chance."""

from __future__ import annotations

from collections import Counter

from sentrep.evaluation.datasets.reservoir import Reservoir


def test_the_reservoir_is_even_over_the_stream() -> None:
    counts = Counter[int]()
    for seed in range(2000):
        reservoir = Reservoir[int](5, seed)
        for number in range(20):
            reservoir.offer(number)
        counts.update(reservoir.drawn())
    # 500 expected for each, with a standard deviation of 19.
    assert min(counts.values()) > 400
    assert max(counts.values()) < 600
