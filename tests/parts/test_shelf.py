"""A shelf against a tensor that is put together anew at each step."""

from __future__ import annotations

import gc
import weakref

import torch
from torch import Tensor

from sentrep.parts.shelf import Shelf

READS = [[0, 1], [2, 2], [3, 0], [4, 1]]
"""What each new row is made of; the first two rows are given."""


def on_shelf(first: Tensor, weight: Tensor) -> Tensor:
    shelf = Shelf(7, 3, first)
    shelf.write(torch.tensor([0, 1]), first)
    for step, read in enumerate(READS):
        left, right = shelf.read(torch.tensor(read)).unbind()
        shelf.write(torch.tensor([2 + step]), (left * right + weight).tanh().unsqueeze(0))
    return shelf.read(torch.tensor([5, 6, 3, 5]))


def grown(first: Tensor, weight: Tensor) -> Tensor:
    rows = first
    for read in READS:
        left, right = rows[read].unbind()
        rows = torch.cat([rows, (left * right + weight).tanh().unsqueeze(0)])
    return torch.cat([rows, torch.zeros_like(rows[:1])])[[5, 6, 3, 5]]


def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(2, 3, generator=generator, dtype=torch.float64).requires_grad_(),
        torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_(),
    )


def test_rows_and_gradients_are_those_of_a_tensor_that_grows() -> None:
    given = inputs()
    found, wanted = on_shelf(*given), grown(*given)
    assert torch.equal(found, wanted)
    assert wanted.abs().sum() > 1
    weights = torch.arange(12.0).view(4, 3)
    for mine, theirs in zip(
        torch.autograd.grad((found * weights).sum(), given), torch.autograd.grad((wanted * weights).sum(), given), strict=True
    ):
        assert torch.allclose(mine, theirs)


def test_a_second_pass_over_the_graph_gives_the_same_again() -> None:
    given = inputs()
    total = on_shelf(*given).sum()
    first, second = (torch.autograd.grad(total, given, retain_graph=True) for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


def test_rows_that_nobody_reads_get_no_gradient() -> None:
    first = torch.ones(2, 3, requires_grad=True)
    shelf = Shelf(4, 3, first)
    shelf.write(torch.tensor([3, 1]), first)
    (gradient,) = torch.autograd.grad(shelf.read(torch.tensor([1, 1])).sum(), first)
    assert gradient.tolist() == [[0] * 3, [2] * 3]


def test_without_gradients_it_is_a_table() -> None:
    with torch.no_grad():
        assert not on_shelf(*inputs()).requires_grad


def test_nothing_is_left_in_memory() -> None:
    gc.disable()
    try:
        first, weight = inputs()
        out = on_shelf(first, weight)
        out.sum().backward()
        seen = weakref.ref(out.grad_fn)
        del out
        assert seen() is None
    finally:
        gc.enable()
