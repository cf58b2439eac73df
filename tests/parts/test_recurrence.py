"""Cells against a loop with gradients by autograd."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch
from torch import Tensor, nn

from sentrep.parts.recurrence import Before, recurrent

WIDTH = 3
STEPS: dict[int, list[tuple[list[list[int]], list[int] | None]]] = {
    1: [([[0], [1]], [0, 1, 1]), ([[2], [4], [0]], [2, 0, 1, 0]), ([[8]], [0])],
    2: [([[0, 1], [1, 1]], None), ([[2, 0], [3, 2]], [1, 0, 1]), ([[6, 1]], [0])],
}
"""For one predecessor and for two: numbers and, for each cell, which row of them. Two numbers are given."""


def steps(predecessors: int) -> list[Before]:
    return [Before(torch.tensor(numbers), None if which is None else torch.tensor(which)) for numbers, which in STEPS[predecessors]]


def inputs(predecessors: int) -> tuple[Tensor, Tensor, Tensor]:
    generator, gates = torch.Generator().manual_seed(0), (predecessors + 3) * WIDTH
    cells = sum(len(step.own) for step in steps(predecessors))
    shapes = ((2, WIDTH), (cells, gates), (gates, predecessors * WIDTH))
    given, entered, weight = (torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_() for shape in shapes)
    return given, entered, weight


def by_loop(given: Tensor, entered: Tensor, weight: Tensor, plan: list[Before]) -> Tensor:
    h, c, rest = list(given), [torch.zeros(WIDTH, dtype=given.dtype)] * len(given), list(entered)
    for step in plan:
        done = []
        for before in step.own.tolist():
            gates = (rest.pop(0) + weight @ torch.cat([h[each] for each in before])).split(WIDTH)
            kept = sum((gate.sigmoid() * c[each] for gate, each in zip(gates[1:-2], before, strict=True)), torch.zeros(()))
            new = kept + gates[0].sigmoid() * gates[-1].tanh()
            done.append((gates[-2].sigmoid() * new.tanh(), new))
        h, c = [*h, *(each for each, _ in done)], [*c, *(each for _, each in done)]
    return torch.stack(h)


@pytest.mark.parametrize("predecessors", STEPS)
def test_cells_and_gradients_are_those_of_a_loop(predecessors: int) -> None:
    given, plan = inputs(predecessors), steps(predecessors)
    found, wanted = recurrent(*given, plan), by_loop(*given, plan)
    assert torch.allclose(found, wanted)
    weights = torch.arange(1.0, 1 + wanted.numel()).view_as(wanted)
    total = (found * weights).sum()
    theirs = torch.autograd.grad((wanted * weights).sum(), given)
    for _ in range(2):  # a second pass over the same graph gives the same again
        for mine, expected in zip(torch.autograd.grad(total, given, retain_graph=True), theirs, strict=True):
            assert expected.abs().sum() > 1
            assert torch.allclose(mine, expected)


def test_it_is_the_lstm_of_torch() -> None:
    lstm = nn.LSTM(2, WIDTH, batch_first=True)
    order = [0, 1, 3, 2]  # torch has i, f, g, o

    def ours(weight: Tensor) -> Tensor:
        return torch.cat([weight.chunk(4)[each] for each in order])

    read = torch.randn(1, 5, 2)
    entered = read[0] @ ours(lstm.weight_ih_l0).T + ours(lstm.bias_ih_l0 + lstm.bias_hh_l0)
    plan = [Before(torch.tensor([[number]]), torch.tensor([0])) for number in range(5)]
    states = recurrent(torch.zeros(1, WIDTH), entered, ours(lstm.weight_hh_l0), plan)
    assert torch.allclose(states[1:], lstm(read)[0][0], atol=1e-6)


def test_in_bf16_states_stay_fp32_and_near() -> None:
    given, plan = tuple(each.detach().float().requires_grad_() for each in inputs(2)), steps(2)
    exact = recurrent(*given, plan)
    with torch.autocast("cpu", torch.bfloat16):
        rough = recurrent(*given, plan)
    assert rough.dtype == torch.float32
    assert torch.allclose(rough, exact, atol=0.03)
    assert not torch.equal(rough, exact), "products were rounded"
    for mine, expected in zip(torch.autograd.grad(rough.sum(), given), torch.autograd.grad(exact.sum(), given), strict=True):
        assert mine.dtype == expected.dtype
        assert torch.allclose(mine, expected, atol=0.05, rtol=0.05)


def test_without_cells_there_is_what_was_given() -> None:
    given, entered, weight = inputs(1)
    found = recurrent(given, entered[:0], weight, [])
    assert torch.equal(found, given)
    assert torch.equal(*torch.autograd.grad(found.sum(), (given,)), torch.ones_like(given))


def test_nothing_is_kept_when_the_graph_is_gone() -> None:
    found = recurrent(*inputs(2), steps(2))
    gone = weakref.ref(found.grad_fn)
    del found
    gc.collect()
    assert gone() is None
