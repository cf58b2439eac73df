"""Fusion against a plain computation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sentrep.search.fusion import Scale, best, fuse, min_max

SCORES = arrays(np.float32, st.integers(1, 30), elements=st.floats(-5, 5, width=32))


@given(SCORES, st.integers(1, 40))
def test_best_is_a_stable_sort(scores: np.ndarray, k: int) -> None:
    expected = sorted(range(len(scores)), key=lambda row: (-scores[row], row))[:k]
    assert best(scores, k).tolist() == expected


@given(SCORES)
def test_min_max_keeps_the_order_and_the_bounds(scores: np.ndarray) -> None:
    scaled = min_max(scores)
    assert scaled.min() == 0
    assert scaled.max() in (0, 1)
    order = np.argsort(scores, kind="stable")
    assert (np.diff(scaled[order]) >= 0).all()


def test_fusion_by_hand() -> None:
    dense, lexical = np.float32([0.2, 0.6, 1.0]), np.float32([8, 0, 4])
    assert fuse(dense, lexical).tolist() == pytest.approx([0.5, 0.25, 0.75])
    assert fuse(dense, lexical, 1.0).tolist() == pytest.approx([0, 0.5, 1])
    assert fuse(dense, lexical, 0.0).tolist() == pytest.approx([1, 0, 0.5])


def test_equal_scores_say_nothing() -> None:
    assert fuse(np.float32([0.3, 0.3]), np.float32([1, 2])).tolist() == [0, 0.5]


@pytest.mark.parametrize("scale", ["min-max", "standard"])
def test_errors_of_rounding_do_not_decide(scale: Scale) -> None:
    """Cosines of passages with equal vectors may differ in the last digit."""
    dense = np.full(40, 0.5, np.float32)
    dense[39] = np.nextafter(dense[0], np.float32(1))
    lexical = np.zeros(40, np.float32)
    lexical[5] = 3.0
    assert best(fuse(dense, lexical, 0.6, scale), 1).tolist() == [5]
