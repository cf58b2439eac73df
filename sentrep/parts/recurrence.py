"""LSTM cells that go on from any earlier ones, each from as many as the others.

    [i; f_1 … f_k; o; g] = entered + W [h_1; …; h_k]        c = Σ_k σ(f_k) c_k + σ(i) tanh(g)        h = σ(o) tanh(c)

With one predecessor that is the LSTM, with two the binary tree LSTM of "Improved semantic representations from tree-structured long
short-term memory networks", Tai, Socher & Manning, ACL 2015, section 3.2. Cells come in steps, and those of a step are computed at
once.

Many steps have few cells, and for these the book-keeping of automatic differentiation takes longer than the arithmetic. So the
gradient is written here by hand: that of the gates step by step, and that of the weights by one product in the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

sigmoid_backward, tanh_backward = torch.ops.aten.sigmoid_backward, torch.ops.aten.tanh_backward


class Before(NamedTuple):
    """What the cells of a step go on from. Numbers begin with what was given and go on with the cells, step by step."""

    numbers: Int[Tensor, "place predecessor"]
    """Side by side, predecessors of one cell or of several."""
    which: Int[Tensor, " cell"]
    """The row above that is the cell's."""


def recurrent(
    given: Float[Tensor, "start width"],
    entered: Float[Tensor, "cell gates"],
    weight: Float[Tensor, "gates read"],
    steps: Sequence[Before],
) -> Float[Tensor, "number width"]:
    """h of what was given, whose c is 0, and of all cells, in float32 or better.

    Args:
        given: h of what comes before all cells.
        entered: what enters each cell from outside; gates are as wide as h and in the order above.
        weight: of the predecessors' h, side by side.
        steps: what the cells go on from.
    """
    found: Tensor = _Recurrence.apply(given, entered, weight, steps)  # type: ignore[no-untyped-call]
    return found


class _Recurrence(torch.autograd.Function):
    """`gates` keeps their σ and tanh, `read` what the weights were multiplied by, `products` the gradients of what came of that."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, entered: Tensor, weight: Tensor, steps: Sequence[Before]) -> Tensor:
        (start, width), device = given.shape, given.device.type
        narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        used, read = weight.to(narrow), list[Tensor]()
        gates = entered.to(torch.promote_types(given.dtype, torch.float32), copy=True)
        h, c = (gates.new_zeros(start + len(gates), width) for _ in range(2))
        h[:start] = given
        for here, (numbers, which) in _walk(steps):
            read.append(h[numbers].flatten(1).to(narrow))
            gate = gates[here].add_((read[-1] @ used.T)[which]).unflatten(1, (-1, width))
            gate[:, :-1].sigmoid_()
            gate[:, -1].tanh_()
            c[start:][here] = gate[:, 0] * gate[:, -1] + (gate[:, 1:-2] * c[numbers[which]]).sum(1)
            h[start:][here] = gate[:, -2] * c[start:][here].tanh()
        ctx.save_for_backward(gates, c, torch.cat([used.new_empty(0, used.shape[1]), *read]), used)
        ctx.steps, ctx.types = steps, (given.dtype, entered.dtype, weight.dtype)
        return h

    @staticmethod
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        gates, c, read, used = ctx.saved_tensors
        of_h, of_c, of_gates, width = wanted.clone(), torch.zeros_like(c), torch.empty_like(gates), c.shape[1]
        start, products = len(c) - len(gates), list[Tensor]()
        for here, (numbers, which) in reversed(_walk(ctx.steps)):
            gate, slope = gates[here].unflatten(1, (-1, width)), of_gates[here].unflatten(1, (-1, width))
            upper, grown, own = of_h[start:][here], c[start:][here].tanh(), numbers[which]
            inner = of_c[start:][here] + tanh_backward(upper * gate[:, -2], grown)
            slope[:, 0], slope[:, -2] = inner * gate[:, -1], upper * grown
            slope[:, 1:-2] = inner.unsqueeze(1) * c[own]
            slope[:, :-1] = sigmoid_backward(slope[:, :-1], gate[:, :-1])
            slope[:, -1] = tanh_backward(inner * gate[:, 0], gate[:, -1])
            of_c.index_add_(0, own.flatten(), (inner.unsqueeze(1) * gate[:, 1:-2]).flatten(0, 1))
            products.append(gates.new_zeros(len(numbers), gates.shape[1]).index_add_(0, which, of_gates[here]).to(read.dtype))
            of_h.index_add_(0, numbers.flatten(), (products[-1] @ used).to(of_h.dtype).view(-1, width))
        of_weight = torch.cat([used.new_empty(0, len(used)), *reversed(products)]).T @ read
        found = of_h[:start], of_gates, of_weight
        return (*(each.to(kind) for each, kind in zip(found, ctx.types, strict=True)), None)


def _walk(steps: Sequence[Before]) -> list[tuple[slice, Before]]:
    """Each step and where its cells are among all."""
    ends = itertools.accumulate(len(step.which) for step in steps)
    return [(slice(end - len(step.which), end), step) for end, step in zip(ends, steps, strict=True)]
