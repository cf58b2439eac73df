"""Linear and exponential changes of a weight."""

from __future__ import annotations

import pytest

from sentrep.modules.annealing import exponential, linear


@pytest.mark.parametrize(("progress", "value"), [(0.0, 2.0), (0.2, 2.0), (0.4, 3.0), (0.6, 4.0), (1.0, 4.0)])
def test_it_is_constant_outside_and_linear_inside(progress: float, value: float) -> None:
    assert linear(progress, 0.2, 0.6, 2.0, 4.0) == pytest.approx(value)


def test_without_a_warm_up_the_last_value_holds_at_once() -> None:
    assert [linear(progress, 0.0, 0.0) for progress in (0.0, 1.0)] == [1.0, 1.0]
    assert [linear(progress, 0.5, 0.5) for progress in (0.4, 0.5)] == [0.0, 1.0]


def test_an_exponential_change_ends_with_the_run() -> None:
    assert exponential(2.0, 1.0, 0.5) == 0.5
