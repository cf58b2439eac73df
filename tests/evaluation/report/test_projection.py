"""Vectors on a plane: what is alike lies together, few or many, and always the same way."""

from __future__ import annotations

import numpy as np
import pytest

from sentrep.evaluation.report.projection import on_a_plane


@pytest.mark.parametrize("count", [2, 9, 10, 60])
def test_what_is_alike_lies_together(count: int) -> None:
    random = np.random.default_rng(0)
    side = np.arange(count) % 2
    vectors = (np.eye(8)[side] + 0.05 * random.standard_normal((count, 8))).astype(np.float32)
    plane = on_a_plane(vectors, seed=1)
    assert plane.shape == (count, 2)
    np.testing.assert_array_equal(plane, on_a_plane(vectors, seed=1))
    distances = np.linalg.norm(plane[:, None] - plane, axis=2)
    if count > 4:
        nearest = (distances + 1e9 * np.eye(count)).argmin(axis=1)
        assert (side[nearest] == side).mean() > 0.9
    else:
        assert distances[0, 1] > 0.5
