"""LSTM cells that go on from any earlier ones, each from as many as the others.

    [i; f_1 … f_k; o; g] = entered + W [h_1; …; h_k]        c = Σ_k σ(f_k) c_k + σ(i) tanh(g)        h = σ(o) tanh(c)

With one predecessor that is the LSTM, with two the binary tree LSTM of "Improved semantic representations from tree-structured long
short-term memory networks", Tai, Socher & Manning, ACL 2015, section 3.2. Cells come in steps, and those of a step are computed at
once.

What several cells read in the same place of their predecessors is multiplied by the weights once.

Many steps have few cells, and for these the book-keeping of automatic differentiation takes longer than the arithmetic. So the
gradient is written here by hand: that of the gates step by step, and that of the weights by one product in the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor


def recurrent(
    given: Float[Tensor, "start width"],
    entered: Float[Tensor, "entry gates"],
    weight: Float[Tensor, "gates read"],
    steps: Sequence[Int[Tensor, "_ predecessor"]],
    entries: Int[Tensor, " cell"] | None = None,
) -> Float[Tensor, "number width"]:
    """h of what was given, whose c is 0, and of all cells, in float32 or better.

    Args:
        given: h of what comes before all cells.
        entered: what enters cells from outside; gates are as wide as h and in the order above.
        weight: of the predecessors' h, side by side.
        steps: what the cells of each go on from: numbers, which begin with what was given and go on with the cells, step by step.
        entries: the row of `entered` that is each cell's; None, if each has its own.
    """
    if not steps:  # no weight goes without a gradient, if only of 0
        return given.to(torch.promote_types(given.dtype, torch.float32)) + 0 * (entered.sum() + weight.sum())
    which = torch.arange(len(entered), device=entered.device) if entries is None else entries
    found: Tensor = _Recurrence.apply(given, entered, weight, which, steps)  # type: ignore[no-untyped-call]
    return found


class _Recurrence(torch.autograd.Function):
    """`gates` keeps their σ and tanh, `read` what the weights were multiplied by, `products` what came of that."""

    @staticmethod
    def forward(ctx: Any, given: Tensor, entered: Tensor, weight: Tensor, entries: Tensor, steps: Sequence[Tensor]) -> Tensor:
        (start, width), device, walk = given.shape, given.device.type, _slices(map(len, steps))
        narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        used = [each.contiguous() for each in weight.to(narrow).split(width, 1)]
        gates = entered.new_empty(len(entries), len(weight), dtype=torch.promote_types(given.dtype, torch.float32))
        h, c = (gates.new_empty(start + len(gates), width) for _ in range(2))
        h[:start], c[:start] = given, 0
        places = [_place(column, [start + step.start for step in walk]) for column in torch.cat(list(steps)).unbind(1)]
        read = [weight.new_zeros(place.rows, width, dtype=narrow) for place in places]
        products = [each.new_empty(len(each), len(weight)) for each in read]
        for step, here in enumerate(walk):
            gate = gates[here].copy_(entered.index_select(0, entries[here]))
            for place, rows, matrix, product in zip(places, read, used, products, strict=True):
                numbers, slot = place.numbers[step], place.slots[step]
                rows[slot][: len(numbers)] = h.index_select(0, numbers)
                torch.mm(rows[slot], matrix.T, out=product[slot])
                gate.add_(product.index_select(0, place.which[here]))
            gate = gate.unflatten(1, (-1, width))
            gate[:, :-1].sigmoid_()
            _tanh_(gate[:, -1])
            new = torch.mul(gate[:, 0], gate[:, -1], out=c[start:][here])
            for keep, number in zip(gate[:, 1:-2].unbind(1), steps[step].unbind(1), strict=True):
                new.addcmul_(keep, c.index_select(0, number))
            _tanh_(h[start:][here].copy_(new)).mul_(gate[:, -2])
        ctx.save_for_backward(gates, c, entries, *read, *used)
        ctx.steps, ctx.walk, ctx.places = steps, walk, places
        ctx.entered, ctx.types = len(entered), (given.dtype, entered.dtype, weight.dtype)
        return h

    @staticmethod
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        gates, c, entries, *rest = ctx.saved_tensors
        read, used = rest[: len(ctx.places)], rest[len(ctx.places) :]
        start, width = len(c) - len(gates), c.shape[1]
        of_h, of_c, of_entered = wanted.clone(), torch.zeros_like(c), gates.new_zeros(ctx.entered, gates.shape[1])
        of_products = [gates.new_zeros(len(rows), gates.shape[1]) for rows in read]
        narrowed = [rows.new_empty(each.shape) for rows, each in zip(read, of_products, strict=True)]
        for place, each in zip(ctx.places, narrowed, strict=True):
            each[place.slots[-1].stop :] = 0
        for step, here in reversed(list(enumerate(ctx.walk))):
            gate, of_gate = gates[here].unflatten(1, (-1, width)), torch.empty_like(gates[here])
            slope, upper, grown = of_gate.view_as(gate), of_h[start:][here], _tanh_(c[start:][here].clone())
            inner = of_c[start:][here].add_(torch.ops.aten.tanh_backward(upper * gate[:, -2], grown))
            torch.mul(inner, gate[:, -1], out=slope[:, 0])
            torch.mul(inner, gate[:, 0], out=slope[:, -1])
            torch.mul(upper, grown, out=slope[:, -2])
            for at, number in enumerate(ctx.steps[step].unbind(1), 1):
                torch.mul(inner, c.index_select(0, number), out=slope[:, at])
                of_c.index_add_(0, number, inner * gate[:, at])
            torch.ops.aten.sigmoid_backward(slope[:, :-1], gate[:, :-1], grad_input=slope[:, :-1])
            torch.ops.aten.tanh_backward(slope[:, -1], gate[:, -1], grad_input=slope[:, -1])
            of_entered.index_add_(0, entries[here], of_gate)
            for place, of_product, narrow, matrix in zip(ctx.places, of_products, narrowed, used, strict=True):
                numbers, slot = place.numbers[step], place.slots[step]
                of_product.index_add_(0, place.which[here], of_gate)
                below = narrow[slot].copy_(of_product[slot]) @ matrix
                of_h.index_add_(0, numbers, below[: len(numbers)].to(of_h.dtype))
        of_weight = torch.cat([each.T @ rows for each, rows in zip(narrowed, read, strict=True)], 1)
        found = of_h[:start], of_entered, of_weight
        return (*(each.to(kind) for each, kind in zip(found, ctx.types, strict=True)), None, None)


class _Place(NamedTuple):
    """What is read in one place of the predecessors, as rows: everything once, as soon as it is known."""

    numbers: list[Tensor]
    """For each step, of what is known since."""
    slots: list[slice]
    """Its rows; behind them there may be some of nothing."""
    which: Int[Tensor, " cell"]
    """The row that each cell reads."""
    rows: int


def _place(read: Int[Tensor, " cell"], known: list[int]) -> _Place:
    """Of the numbers that cells read, where so many are known before each step."""
    numbers, which = read.unique(return_inverse=True)
    counts = torch.searchsorted(numbers, torch.tensor(known, device=read.device)).diff(prepend=numbers.new_zeros(1)).tolist()
    slots = _slices(map(_rounded, counts))
    rows = torch.cat([torch.arange(slot.start, slot.start + count) for slot, count in zip(slots, counts, strict=True)])
    return _Place(list(numbers.split(counts)), slots, rows.to(read.device)[which], _rounded(slots[-1].stop))


def _rounded(count: int) -> int:
    """No fewer, to five binary digits. A CPU's library of matrix products makes a program for each number of rows, and keeps a
    thousand; where numbers are arbitrary, making them takes a tenth of the time."""
    unit = 1 << max(0, count.bit_length() - 5)
    return -(-count // unit) * unit


def _tanh_(values: Tensor) -> Tensor:
    """tanh in place, by σ where torch's own takes several times as long: on a CPU."""
    return values.mul_(2).sigmoid_().mul_(2).sub_(1) if values.device.type == "cpu" else values.tanh_()


def _slices(sizes: Iterable[int]) -> list[slice]:
    """Of one after the other."""
    return [slice(*ends) for ends in itertools.pairwise(itertools.accumulate(sizes, initial=0))]
