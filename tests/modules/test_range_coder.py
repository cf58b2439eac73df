"""The range coder: every sequence comes back, at the cost of its information."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from sentrep.modules.range_coder import (
    AdaptiveModel,
    RangeDecoder,
    RangeEncoder,
    cumulative_counts,
)


@pytest.mark.parametrize("seed", range(30))
def test_what_is_written_is_read(seed: int) -> None:
    dice, symbols = random.Random(seed), []
    for _ in range(dice.randint(0, 300)):
        counts = [dice.choice([0, 1, 1, 5, 100_000]) for _ in range(dice.randint(1, 30))]
        cumulative = [0, *(sum(counts[: i + 1]) for i in range(len(counts)))]
        if possible := [i for i, count in enumerate(counts) if count]:
            symbols.append((cumulative, dice.choice(possible)))
    encoder = RangeEncoder()
    for cumulative, symbol in symbols:
        encoder.encode(cumulative, symbol)
    data = encoder.finish()
    decoder = RangeDecoder(data)
    assert [decoder.decode(cumulative) for cumulative, _ in symbols] == [symbol for _, symbol in symbols]
    bits = sum(math.log2(c[-1] / (c[symbol + 1] - c[symbol])) for c, symbol in symbols)
    assert len(data) <= bits / 8 + 2


def test_counts_follow_probabilities_and_none_is_0() -> None:
    log_probs = np.array([[0.0, -50.0, -1.0]], np.float32)
    counts = np.diff(cumulative_counts(log_probs))[0]
    assert counts.min() >= 1
    assert counts[0] / counts[2] == pytest.approx(math.e, rel=1e-4)
    assert counts.sum() <= 1 << 24


def test_an_adaptive_model_learns_what_is_frequent() -> None:
    dice = random.Random(0)
    symbols = [dice.choice([3, 3, 3, 7]) for _ in range(2000)]
    encoder, model = RangeEncoder(), AdaptiveModel(256)
    for symbol in symbols:
        model.encode(encoder, symbol)
    data = encoder.finish()
    assert len(data) * 8 / len(symbols) < 0.95  # the entropy is .81 bits
    decoder, again = RangeDecoder(data), AdaptiveModel(256)
    assert [again.decode(decoder) for _ in symbols] == symbols
