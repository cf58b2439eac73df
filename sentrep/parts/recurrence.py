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


class Before(NamedTuple):
    """What the cells of a step go on from. Numbers begin with what was given and go on with the cells, step by step."""

    numbers: Int[Tensor, "place predecessor"]
    """Side by side, predecessors of one cell or of several."""
    which: Int[Tensor, " cell"] | None = None
    """The row above that is the cell's; None, if each has its own."""

    @property
    def own(self) -> Int[Tensor, "cell predecessor"]:
        """The predecessors of each cell."""
        return self.numbers if self.which is None else self.numbers[self.which]


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
        h, c = (gates.new_empty(start + len(gates), width) for _ in range(2))
        h[:start], c[:start] = given, 0
        for here, step in _walk(steps):
            read.append(h[step.numbers].flatten(1).to(narrow))
            product = read[-1] @ used.T
            gate = gates[here].add_(product if step.which is None else product[step.which]).unflatten(1, (-1, width))
            gate[:, :-1].sigmoid_()
            gate[:, -1].tanh_()
            new = torch.mul(gate[:, 0], gate[:, -1], out=c[start:][here])
            for keep, number in zip(gate[:, 1:-2].unbind(1), step.own.unbind(1), strict=True):
                new.addcmul_(keep, c[number])
            torch.tanh(new, out=h[start:][here]).mul_(gate[:, -2])
        ctx.save_for_backward(gates, c, torch.cat([used.new_empty(0, used.shape[1]), *read]), used)
        ctx.steps, ctx.types = steps, (given.dtype, entered.dtype, weight.dtype)
        return h

    @staticmethod
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        gates, c, read, used = ctx.saved_tensors
        of_h, of_c, of_gates, width = wanted.clone(), torch.zeros_like(c), torch.empty_like(gates), c.shape[1]
        start, products = len(c) - len(gates), list[Tensor]()
        for here, step in reversed(_walk(ctx.steps)):
            gate, slope = gates[here].unflatten(1, (-1, width)), of_gates[here].unflatten(1, (-1, width))
            upper, grown = of_h[start:][here], c[start:][here].tanh()
            inner = of_c[start:][here].add_(torch.ops.aten.tanh_backward(upper * gate[:, -2], grown))
            torch.mul(inner, gate[:, -1], out=slope[:, 0])
            torch.mul(inner, gate[:, 0], out=slope[:, -1])
            torch.mul(upper, grown, out=slope[:, -2])
            for place, number in enumerate(step.own.unbind(1), 1):
                torch.mul(inner, c[number], out=slope[:, place])
                of_c.index_add_(0, number, inner * gate[:, place])
            torch.ops.aten.sigmoid_backward(slope[:, :-1], gate[:, :-1], grad_input=slope[:, :-1])
            torch.ops.aten.tanh_backward(slope[:, -1], gate[:, -1], grad_input=slope[:, -1])
            product = of_gates[here]
            if step.which is not None:
                product = product.new_zeros(len(step.numbers), product.shape[1]).index_add_(0, step.which, product)
            products.append(product.to(read.dtype))
            of_h.index_add_(0, step.numbers.flatten(), (products[-1] @ used).to(of_h.dtype).view(-1, width))
        of_weight = torch.cat([used.new_empty(0, len(used)), *reversed(products)]).T @ read
        found = of_h[:start], of_gates, of_weight
        return (*(each.to(kind) for each, kind in zip(found, ctx.types, strict=True)), None)


def _walk(steps: Sequence[Before]) -> list[tuple[slice, Before]]:
    """Each step and where its cells are among all."""
    counts = [len(step.numbers if step.which is None else step.which) for step in steps]
    ends = itertools.accumulate(counts)
    return [(slice(end - count, end), step) for end, count, step in zip(ends, counts, steps, strict=True)]
