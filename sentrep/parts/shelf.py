"""Rows that are written once and read later, with gradient.

A recursion whose every step reads from any earlier ones could keep its results in one tensor that grows; but then each step would
copy all of it, and each step back would fill as much with zeros. Here all rows have their place from the beginning, and so have
their gradients: both passes take time for what is read and written, and for nothing else.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor


class Shelf:
    """So many rows, empty at first. A row is written at most once, and not after it was read; what was never written is 0.

    >>> shelf = Shelf(3, 2, torch.zeros(0))
    >>> shelf.write(torch.tensor([2, 0]), torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    >>> shelf.read(torch.tensor([0, 0, 1]))
    tensor([[3., 4.],
            [3., 4.],
            [0., 0.]])
    """

    def __init__(self, rows: int, width: int, like: Tensor) -> None:
        self._rows = _Rows(like.new_zeros(rows, width))
        # Handed from each writing to what is done after it, so that on the way back a row's readers come before its writer.
        self._turn = like.new_zeros(())

    def write(self, places: Int[Tensor, " row"], rows: Float[Tensor, "row width"]) -> None:
        """Put rows where nothing was."""
        self._turn = _Write.apply(self._rows, places, rows, self._turn)  # type: ignore[no-untyped-call]

    def read(self, places: Int[Tensor, " row"]) -> Float[Tensor, "row width"]:
        """Rows as they were written, each as often as it is asked for."""
        read: Tensor = _Read.apply(self._rows, places, self._turn)  # type: ignore[no-untyped-call]
        return read


class _Rows:
    """The rows and their gradients; apart from the shelf, which holds on to the graph, for a graph may not hold itself."""

    def __init__(self, values: Float[Tensor, "place width"]) -> None:
        self.values = values
        self.wanted: Tensor | None = None


class _Write(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: _Rows, places: Tensor, values: Tensor, turn: Tensor) -> Tensor:
        ctx.rows, ctx.places, ctx.dtype = rows, places, values.dtype
        rows.values[places] = values.to(rows.values.dtype)
        return turn.clone()

    @staticmethod
    def backward(ctx: Any, turn: Tensor) -> tuple[None, None, Tensor | None, Tensor]:
        if ctx.rows.wanted is None:
            return None, None, None, turn
        wanted = ctx.rows.wanted[ctx.places].to(ctx.dtype)
        ctx.rows.wanted[ctx.places] = 0  # so that a second pass over the same graph begins anew
        return None, None, wanted, turn


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: _Rows, places: Tensor, turn: Tensor) -> Tensor:
        ctx.rows, ctx.places = rows, places
        return rows.values[places]

    @staticmethod
    def backward(ctx: Any, wanted: Tensor) -> tuple[None, None, Tensor]:
        if ctx.rows.wanted is None:
            ctx.rows.wanted = torch.zeros_like(ctx.rows.values)
        ctx.rows.wanted.index_add_(0, ctx.places, wanted)
        return None, None, wanted.new_zeros(())
