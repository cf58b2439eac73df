"""Ragged sequences in padded tensors, read backwards."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def reversal(lengths: Int[Tensor, " sentence"], width: int) -> Int[Tensor, "sentence token"]:
    """Positions that read each sentence backwards and leave its padding where it is; applying it twice
    changes nothing.

    >>> reversal(torch.tensor([3, 1]), 4)
    tensor([[2, 1, 0, 3],
            [0, 1, 2, 3]])
    """
    position = torch.arange(width, device=lengths.device).expand(len(lengths), width)
    mirrored = lengths.unsqueeze(1) - 1 - position
    return torch.where(mirrored >= 0, mirrored, position)


def reorder(
    states: Float[Tensor, "sentence token width"], order: Int[Tensor, "sentence token"]
) -> Float[Tensor, "sentence token width"]:
    return states.gather(1, order.unsqueeze(2).expand_as(states))
