"""LSTM cells that go on from any earlier ones, each from as many as the others.

    [i; f_1 … f_k; o; g] = entered + W [h_1; …; h_k]        c = Σ_k σ(f_k) c_k + σ(i) tanh(g)        h = σ(o) tanh(c)

With one predecessor that is the LSTM, with two the binary tree LSTM of "Improved semantic representations
from tree-structured long short-term memory networks", Tai, Socher & Manning, ACL 2015, section 3.2. Cells
come in steps, and those of a step are computed at once.

What several cells read in the same place of their predecessors is multiplied by the weights once.

Many steps have few cells, and for these the book-keeping of automatic differentiation takes longer than the
arithmetic. So the gradient is written here by hand: that of the gates step by step, and that of the weights
by one product in the end."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
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
        steps: what the cells of each go on from: numbers, which begin with what was given and go on with the
            cells, step by step.
        entries: the row of `entered` that is each cell's; None, if each has its own.
    """
    if not steps:  # no weight goes without a gradient, if only of 0
        return given.to(torch.promote_types(given.dtype, torch.float32)) + 0 * (entered.sum() + weight.sum())
    which = torch.arange(len(entered), device=entered.device) if entries is None else entries
    found: Tensor = _Recurrence.apply(given, entered, weight, which, steps)  # type: ignore[no-untyped-call]
    return found


class _Recurrence(torch.autograd.Function):
    """What comes of products and what enters cells are rows of one table, `terms` those that each cell adds
    up. So the gates of a cell are a bag of rows, and the gradient of a row is a bag of cells: once over
    memory, where there would be several times. Kept are `gates`, which have been through σ and tanh, and
    `read`, which the weights were multiplied by."""

    @staticmethod
    def forward(
        ctx: Any, given: Tensor, entered: Tensor, weight: Tensor, entries: Tensor, steps: Sequence[Tensor]
    ) -> Tensor:
        (start, width), device, walk = given.shape, given.device.type, _slices(map(len, steps))
        narrow = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
        used = [each.contiguous() for each in weight.to(narrow).split(width, 1)]
        wide, cells = torch.promote_types(given.dtype, torch.float32), len(entries)
        h, c = (given.new_empty(start + cells, width, dtype=wide) for _ in range(2))
        h[:start], c[:start] = given, 0
        places = _places(torch.cat(list(steps)), [start + step.start for step in walk])
        read = weight.new_zeros(places[-1].rows.stop, width, dtype=narrow)
        gates, table = (read.new_empty(size, len(weight)) for size in (cells, len(read) + len(entered)))
        table[len(read) :] = entered
        terms = torch.stack([*(place.which for place in places), len(read) + entries], 1)
        for step, here in enumerate(walk):
            for place, matrix in zip(places, used, strict=True):
                numbers, slot = place.numbers[step], place.slots[step]
                read[slot][: len(numbers)] = h.index_select(0, numbers)
                torch.mm(read[slot], matrix.T, out=table[slot])
            sums = F.embedding_bag(terms[here], table, mode="sum").to(wide)
            gate = sums.unflatten(1, (-1, width))
            gate[:, :-1].sigmoid_()
            _tanh_(gate[:, -1])
            gates[here] = sums
            new = torch.mul(gate[:, 0], gate[:, -1], out=c[start:][here])
            for keep, number in zip(gate[:, 1:-2].unbind(1), steps[step].unbind(1), strict=True):
                new.addcmul_(keep, c.index_select(0, number))
            _tanh_(h[start:][here].copy_(new)).mul_(gate[:, -2])
        ctx.save_for_backward(gates, c, terms, read, *used)
        ctx.steps, ctx.walk, ctx.places = steps, walk, places
        ctx.entered, ctx.types = slice(len(read), len(table)), (given.dtype, entered.dtype, weight.dtype)
        return h

    @staticmethod
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        gates, c, terms, read, *used = ctx.saved_tensors
        start, width, users = len(c) - len(gates), c.shape[1], _users(terms, ctx.entered.stop)
        of_h, of_c, of_gates = wanted.clone(), torch.zeros_like(c), torch.empty_like(gates)
        of_products = of_gates.new_empty(len(read), of_gates.shape[1])
        for step, here in reversed(list(enumerate(ctx.walk))):
            gate = gates[here].to(c.dtype).unflatten(1, (-1, width))
            slope, upper, grown = torch.empty_like(gate), of_h[start:][here], _tanh_(c[start:][here].clone())
            inner = of_c[start:][here].add_(torch.ops.aten.tanh_backward(upper * gate[:, -2], grown))
            torch.mul(inner, gate[:, -1], out=slope[:, 0])
            torch.mul(inner, gate[:, 0], out=slope[:, -1])
            torch.mul(upper, grown, out=slope[:, -2])
            for at, number in enumerate(ctx.steps[step].unbind(1), 1):
                torch.mul(inner, c.index_select(0, number), out=slope[:, at])
                of_c.index_add_(0, number, inner * gate[:, at])
            torch.ops.aten.sigmoid_backward(slope[:, :-1], gate[:, :-1], grad_input=slope[:, :-1])
            torch.ops.aten.tanh_backward(slope[:, -1], gate[:, -1], grad_input=slope[:, -1])
            of_gates[here] = slope.flatten(1)
            for place, matrix in zip(ctx.places, used, strict=True):
                numbers, slot = place.numbers[step], place.slots[step]
                below = of_products[slot].copy_(users.sums(of_gates, slot)) @ matrix
                of_h.index_add_(0, numbers, below[: len(numbers)].to(of_h.dtype))
        of_weight = []
        for place in ctx.places:
            of_products[place.slots[-1].stop : place.rows.stop] = 0
            of_weight.append(of_products[place.rows].T @ read[place.rows])
        found = of_h[:start], users.sums(of_gates, ctx.entered), torch.cat(of_weight, 1)
        return (*(each.to(kind) for each, kind in zip(found, ctx.types, strict=True)), None, None)


class _Place(NamedTuple):
    """What is read in one place of the predecessors, as rows: everything once, as soon as it is known."""

    numbers: list[Tensor]
    """For each step, of what is known since."""
    slots: list[slice]
    """Its rows; behind them there may be some of nothing."""
    which: Int[Tensor, " cell"]
    """The row that each cell reads."""
    rows: slice
    """Of all steps."""


def _places(read: Int[Tensor, "cell predecessor"], known: list[int]) -> list[_Place]:
    """Of the numbers that cells read, where so many are known before each step. Rows go on from place to
    place."""
    places, first = list[_Place](), 0
    for column in read.unbind(1):
        numbers, which = column.unique(return_inverse=True)
        bounds = torch.searchsorted(numbers, torch.tensor(known, device=read.device))
        counts = bounds.diff(prepend=numbers.new_zeros(1)).tolist()
        slots = _slices(map(_rounded, counts), first)
        rows = torch.cat(
            [torch.arange(slot.start, slot.start + count) for slot, count in zip(slots, counts, strict=True)]
        )
        end = first + _rounded(slots[-1].stop - first)
        places.append(
            _Place(list(numbers.split(counts)), slots, rows.to(read.device)[which], slice(first, end))
        )
        first = end
    return places


class _Users(NamedTuple):
    """The cells that add up each row of a table, row by row."""

    cells: Int[Tensor, " term"]
    begins: Int[Tensor, " row"]
    """Where those of each row begin."""
    bounds: list[int]
    """The same, and where all end."""

    def sums(self, values: Float[Tensor, "cell value"], rows: slice) -> Float[Tensor, "row value"]:
        """Of some rows, the values of their cells added up."""
        first, last = self.bounds[rows.start], self.bounds[rows.stop]
        return F.embedding_bag(self.cells[first:last], values, self.begins[rows] - first, mode="sum")


def _users(terms: Int[Tensor, "cell term"], rows: int) -> _Users:
    """Of all rows that cells add up."""
    begins = F.pad(torch.bincount(terms.flatten(), minlength=rows).cumsum(0), (1, 0))
    return _Users(terms.flatten().argsort(stable=True) // terms.shape[1], begins[:-1], begins.tolist())


def _rounded(count: int) -> int:
    """No fewer, to five binary digits. A CPU's library of matrix products makes a program for each number of
    rows, and keeps a thousand; where numbers are arbitrary, making them takes a tenth of the time."""
    unit = 1 << max(0, count.bit_length() - 5)
    return -(-count // unit) * unit


def _tanh_(values: Tensor) -> Tensor:
    """tanh in place, by σ where torch's own takes several times as long: on a CPU."""
    return values.mul_(2).sigmoid_().mul_(2).sub_(1) if values.device.type == "cpu" else values.tanh_()


def _slices(sizes: Iterable[int], first: int = 0) -> list[slice]:
    """Of one after the other."""
    return [slice(*ends) for ends in itertools.pairwise(itertools.accumulate(sizes, initial=first))]
