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


def compact(ids: Int[Tensor, "text position"], kept: Bool[Tensor, "text position"]) -> Texts:
    """The kept tokens of each text, moved together, in their order."""
    order = kept.long().argsort(dim=1, descending=True, stable=True)
    width = int(kept.sum(1).max()) if len(kept) else 0
    alive = kept.gather(1, order)[:, :width]
    return Texts(ids.gather(1, order)[:, :width].where(alive, 0), alive)


def ended(texts: Texts, end: int) -> Texts:
    """Each text with a token for its end."""
    more = texts.alive.new_zeros(len(texts.ids), 1)
    ids, alive = torch.cat([texts.ids, more.long()], 1), torch.cat([texts.alive, more], 1)
    longer = torch.cat([~more, texts.alive], 1)
    return Texts(ids.where(alive, end).where(longer, 0), longer)


def without(texts: Texts, end: int) -> Texts:
    """Each text without that token, which is at its end."""
    alive = texts.alive & (texts.ids != end)
    return Texts(texts.ids.where(alive, 0), alive)
