"""Ragged texts as rectangles, for what reads or writes all of them step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Int
from torch import Tensor


class Texts(NamedTuple):
    """Texts of token ids; what stands beyond the end of one is not alive, and 0."""

    ids: Int[Tensor, "text position"]
    alive: Bool[Tensor, "text position"]

    @property
    def lengths(self) -> Int[Tensor, " text"]:
        return self.alive.sum(1)

    def rows(self, chosen: Int[Tensor, " row"]) -> Texts:
        """Some of them, no wider than the longest needs."""
        alive = self.alive[chosen]
        width = int(alive.sum(1).max()) if len(chosen) else 0
        return Texts(self.ids[chosen, :width], alive[:, :width])


def pad(ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"], longest: int) -> Texts:
    """Ragged texts, each cut after `longest` tokens.

    >>> pad(torch.tensor([5, 6, 7, 8]), torch.tensor([0, 1, 4]), longest=2).ids
    tensor([[5, 0],
            [6, 7]])
    """
    lengths = offsets.diff().clamp(max=longest)
    place = torch.arange(int(lengths.max()) if len(lengths) else 0, device=ids.device)
    alive = place < lengths.unsqueeze(1)
    at = (offsets[:-1].unsqueeze(1) + place).clamp(max=max(len(ids) - 1, 0))
    return Texts(ids[at].where(alive, 0) if len(ids) else at.where(alive, 0), alive)


def of_lists(texts: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> Texts:
    """The same of lists of ids."""
    lengths = torch.tensor([0, *map(len, texts)], device=device)
    flat = torch.tensor([token for text in texts for token in text], dtype=torch.long, device=device)
    return pad(flat, lengths.cumsum(0), max(map(len, texts), default=0))
