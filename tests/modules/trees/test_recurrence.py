"""Cells against a loop with gradients by autograd."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn

from sentrep.modules.trees.recurrence import lstm_recurrence

WIDTH = 3
STEPS = {
    1: [[[0], [1], [1]], [[0], [2], [4], [2]], [[8]]],
    2: [[[0, 1], [1, 1]], [[3, 2], [2, 0], [3, 2]], [[6, 1]]],
}
"""Of cells with one predecessor and with two. Two numbers are given."""


def steps(predecessors: int) -> list[Tensor]:
    return [torch.tensor(step) for step in STEPS[predecessors]]


def inputs(predecessors: int) -> tuple[Tensor, Tensor, Tensor]:
    generator, gates = torch.Generator().manual_seed(0), (predecessors + 3) * WIDTH
    cells = sum(map(len, STEPS[predecessors]))
    shapes = ((2, WIDTH), (cells, gates), (gates, predecessors * WIDTH))
    given, entered, weight = (
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes
    )
    return given, entered, weight


def by_loop(given: Tensor, entered: Tensor, weight: Tensor, plan: list[Tensor]) -> Tensor:
    h, c, rest = list(given), [torch.zeros(WIDTH, dtype=given.dtype)] * len(given), list(entered)
    for step in plan:
        done = []
        for before in step.tolist():
            gates = (rest.pop(0) + weight @ torch.cat([h[each] for each in before])).split(WIDTH)
            kept = sum(
                (gate.sigmoid() * c[each] for gate, each in zip(gates[1:-2], before, strict=True)),
                torch.zeros(()),
            )
            new = kept + gates[0].sigmoid() * gates[-1].tanh()
            done.append((gates[-2].sigmoid() * new.tanh(), new))
        h, c = [*h, *(each for each, _ in done)], [*c, *(each for _, each in done)]
    return torch.stack(h)


@pytest.mark.parametrize("predecessors", STEPS)
def test_cells_and_gradients_are_those_of_a_loop(predecessors: int) -> None:
    given, plan = inputs(predecessors), steps(predecessors)
    found, wanted = lstm_recurrence(*given, plan), by_loop(*given, plan)
    assert torch.allclose(found, wanted)
    weights = torch.arange(1.0, 1 + wanted.numel()).view_as(wanted)
    total = (found * weights).sum()
    theirs = torch.autograd.grad((wanted * weights).sum(), given)
    for _ in range(2):  # a second pass over the same graph gives the same again
        for mine, expected in zip(torch.autograd.grad(total, given, retain_graph=True), theirs, strict=True):
            assert expected.abs().sum() > 1
            assert torch.allclose(mine, expected)


@pytest.mark.parametrize("predecessors", [1, 2])
def test_cells_by_the_hundred_read_what_is_known(predecessors: int) -> None:
    """So many that rows are rounded up; some of what is known is read by several cells, late or never."""
    generator = torch.Generator().manual_seed(0)
    plan, known = [], 50
    for cells in (70, 1, 41, 90):
        plan.append(torch.randint(known, (cells, predecessors), generator=generator))
        known += cells
    gates, cells = (predecessors + 3) * WIDTH, known - 50
    shapes = ((50, WIDTH), (cells, gates), (gates, predecessors * WIDTH))
    given = tuple(
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes
    )
    entries = torch.randint(cells, (cells,), generator=generator)
    found, wanted = (
        lstm_recurrence(*given, plan, entries),
        by_loop(given[0], given[1][entries], given[2], plan),
    )
    assert torch.allclose(found, wanted)
    weights = torch.randn(wanted.shape, generator=generator, dtype=torch.float64)
    mine, theirs = (torch.autograd.grad((each * weights).sum(), given) for each in (found, wanted))
    assert all(map(torch.allclose, mine, theirs))


def test_what_cells_read_alike_is_multiplied_once(monkeypatch: pytest.MonkeyPatch) -> None:
    multiplied, real = [], torch.mm

    def counted(one: Tensor, other: Tensor, out: Tensor) -> Tensor:
        multiplied.append(len(one))
        return real(one, other, out=out)

    monkeypatch.setattr(torch, "mm", counted)
    lstm_recurrence(*inputs(2), steps(2))
    # On the left 0 and 1 are read, then 2 and 3, then 6; on the right 1 and 0, then 2, then nothing new.
    assert sorted(multiplied) == sorted([2, 2, 1, 2, 1, 0])


def test_it_is_the_lstm_of_torch() -> None:
    lstm = nn.LSTM(2, WIDTH, batch_first=True)
    order = [0, 1, 3, 2]  # torch has i, f, g, o

    def ours(weight: Tensor) -> Tensor:
        return torch.cat([weight.chunk(4)[each] for each in order])

    read = torch.randn(1, 5, 2)
    entered = read[0] @ ours(lstm.weight_ih_l0).T + ours(lstm.bias_ih_l0 + lstm.bias_hh_l0)
    plan = [torch.tensor([[number]]) for number in range(5)]
    states = lstm_recurrence(torch.zeros(1, WIDTH), entered, ours(lstm.weight_hh_l0), plan)
    assert torch.allclose(states[1:], lstm(read)[0][0], atol=1e-6)


def test_in_bf16_states_stay_fp32_and_near() -> None:
    given, plan = tuple(each.detach().float().requires_grad_() for each in inputs(2)), steps(2)
    exact = lstm_recurrence(*given, plan)
    with torch.autocast("cpu", torch.bfloat16):
        rough = lstm_recurrence(*given, plan)
    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.03)
    assert not torch.equal(rough, exact), "products were rounded"
    for mine, expected in zip(
        torch.autograd.grad(rough.sum(), given), torch.autograd.grad(exact.sum(), given), strict=True
    ):
        assert mine.dtype == expected.dtype
        assert torch.allclose(mine, expected, atol=0.05, rtol=0.05)


def test_without_cells_there_is_what_was_given() -> None:
    given, entered, weight = inputs(1)
    found = lstm_recurrence(given, entered[:0], weight, [])
    assert torch.equal(found, given)
    of_given, *others = torch.autograd.grad(found.sum(), (given, entered, weight))
    assert torch.equal(of_given, torch.ones_like(given))
    assert not any(each.any() for each in others)


def test_nothing_is_kept_when_the_graph_is_gone() -> None:
    found = lstm_recurrence(*inputs(2), steps(2))
    gone = weakref.ref(found.grad_fn)
    del found
    gc.collect()
    assert gone() is None
