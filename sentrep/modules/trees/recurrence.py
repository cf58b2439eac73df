"""LSTM cells with one predecessor or more, computed in steps.

    [i; f_1 … f_k; o; g] = entered + W [h_1; …; h_k]    c = Σ_k σ(f_k) c_k + σ(i) tanh(g)    h = σ(o) tanh(c)

With one predecessor this is the LSTM, with two the binary tree LSTM. All cells of a step are computed at
once. A predecessor that several cells read in the same place is multiplied by the weights once.

Many steps have few cells, and for these the bookkeeping of automatic differentiation would take longer than
the arithmetic. So the gradient is written by hand here: that of the gates step by step, that of the weights
by one product at the end.

Reference:
    "Improved semantic representations from tree-structured long short-term memory networks", Tai, Socher &
    Manning, ACL 2015, section 3.2.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.data.batch import offsets_of


def lstm_recurrence(
    given: Float[Tensor, "start width"],
    entered: Float[Tensor, "entry gates"],
    weight: Float[Tensor, "gates read"],
    steps: Sequence[Int[Tensor, "_ predecessor"]],
    entries: Int[Tensor, " cell"] | None = None,
) -> Float[Tensor, "number width"]:
    """Returns h of the given states and of all cells, in float32 or better.

    Args:
        given: h of the states before all cells; their c is 0.
        entered: what enters the cells from outside; gates are as wide as h, in the order of the equation.
        weight: weights of the predecessors' h, side by side.
        steps: for each step the predecessors of its cells, as numbers: the given states are numbered first,
            then the cells, step by step.
        entries: the row of `entered` for each cell; None if each cell has its own row.

    >>> h = lstm_recurrence(
    ...     torch.zeros(1, 2),
    ...     torch.zeros(3, 8),
    ...     torch.zeros(8, 2),
    ...     [torch.tensor([[0]]), torch.tensor([[0], [1]])],
    ... )
    >>> h.shape
    torch.Size([4, 2])
    """
    if not steps:  # every weight gets a gradient, even if it is 0
        return given.to(torch.promote_types(given.dtype, torch.float32)) + 0 * (entered.sum() + weight.sum())
    which = torch.arange(len(entered), device=entered.device) if entries is None else entries
    found: Tensor = _Recurrence.apply(given, entered, weight, which, steps)  # type: ignore[no-untyped-call]
    return found


class _Recurrence(torch.autograd.Function):
    """The recurrence with a gradient written by hand.

    Products with the weights and what enters the cells are rows of one table; `terms` are the rows that each
    cell sums. So the gates of a cell are a bag of rows, and the gradient of a row is a bag of cells: one pass
    over memory instead of several. `gates` (after σ and tanh) and `read` (the factors of the products) are
    kept for the backward pass.
    """

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
    """What cells read in one place of their predecessors, as rows: each number once, as soon as it is
    known."""

    numbers: list[Tensor]
    """For each step, the numbers that became known since the last step."""
    slots: list[slice]
    """Rows of these numbers; there may be unused rows behind them."""
    which: Int[Tensor, " cell"]
    """The row that each cell reads."""
    rows: slice
    """Rows of all steps."""


def _places(read: Int[Tensor, "cell predecessor"], known: list[int]) -> list[_Place]:
    """Assigns rows to the numbers that cells read; rows continue from place to place.

    Args:
        read: the numbers of the predecessors of each cell.
        known: how many numbers are known before each step.
    """
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
    """For each row of a table, the cells that sum it."""

    cells: Int[Tensor, " term"]
    begins: Int[Tensor, " row"]
    """Where the cells of each row begin in `cells`."""
    bounds: list[int]
    """`begins` as a list, with the end of the last row."""

    def sums(self, values: Float[Tensor, "cell value"], rows: slice) -> Float[Tensor, "row value"]:
        """Returns the sum of the values of the cells of each row."""
        first, last = self.bounds[rows.start], self.bounds[rows.stop]
        return F.embedding_bag(self.cells[first:last], values, self.begins[rows] - first, mode="sum")


def _users(terms: Int[Tensor, "cell term"], rows: int) -> _Users:
    """Inverts `terms`: from the rows of each cell to the cells of each row."""
    begins = offsets_of(torch.bincount(terms.flatten(), minlength=rows))
    return _Users(terms.flatten().argsort(stable=True) // terms.shape[1], begins[:-1], begins.tolist())


def _rounded(count: int) -> int:
    """Rounds up to a number of five binary digits, followed by zeros.

    A CPU library for matrix products compiles a program for each number of rows and keeps a thousand of them;
    with arbitrary numbers, compiling takes a tenth of the time.
    """
    unit = 1 << max(0, count.bit_length() - 5)
    return -(-count // unit) * unit


def _tanh_(values: Tensor) -> Tensor:
    """Computes tanh in place; on a CPU by σ, because torch's own tanh takes several times as long there."""
    return values.mul_(2).sigmoid_().mul_(2).sub_(1) if values.device.type == "cpu" else values.tanh_()


def _slices(sizes: Iterable[int], first: int = 0) -> list[slice]:
    """Returns consecutive slices of these sizes."""
    return [slice(*ends) for ends in itertools.pairwise(itertools.accumulate(sizes, initial=first))]
