"""Ragged texts as padded tensors, for modules that read or write all texts of a batch step by step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Texts(NamedTuple):
    """Token ids of several texts, padded on the right to the longest of them."""

    ids: Int[Tensor, "text position"]
    """Token ids; 0 at padding."""
    mask: Bool[Tensor, "text position"]
    """True at tokens, False at padding."""

    @property
    def lengths(self) -> Int[Tensor, " text"]:
        """Tokens of each text."""
        return self.mask.sum(1)

    def select(self, chosen: Int[Tensor, " row"]) -> Texts:
        """Returns the chosen texts, padded to the longest of these."""
        mask = self.mask[chosen]
        width = int(mask.sum(1).max()) if len(chosen) else 0
        return Texts(self.ids[chosen, :width], mask[:, :width])


def pad(ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"], max_length: int) -> Texts:
    """Pads ragged texts, each cut after `max_length` tokens.

    Args:
        ids: token ids of all texts, one text after the other.
        offsets: where each text starts in `ids`, and where the last one ends.
        max_length: tokens that are kept of a text.

    >>> pad(torch.tensor([5, 6, 7, 8]), torch.tensor([0, 1, 4]), max_length=2).ids
    tensor([[5, 0],
            [6, 7]])
    """
    lengths = offsets.diff().clamp(max=max_length)
    position = torch.arange(int(lengths.max()) if len(lengths) else 0, device=ids.device)
    mask = position < lengths.unsqueeze(1)
    index = (offsets[:-1].unsqueeze(1) + position).clamp(max=max(len(ids) - 1, 0))
    return Texts(ids[index].where(mask, 0) if len(ids) else index.where(mask, 0), mask)


def pad_lists(texts: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> Texts:
    """Pads lists of token ids.

    >>> pad_lists([[5], [6, 7]]).lengths
    tensor([1, 2])
    """
    lengths = torch.tensor([0, *map(len, texts)], device=device)
    flat = torch.tensor([token for text in texts for token in text], dtype=torch.long, device=device)
    return pad(flat, lengths.cumsum(0), max(map(len, texts), default=0))


def compact(ids: Int[Tensor, "text position"], kept: Bool[Tensor, "text position"]) -> Texts:
    """Returns the kept tokens of each text in their order, without gaps between them.

    >>> compact(torch.tensor([[5, 6, 7]]), torch.tensor([[True, False, True]])).ids
    tensor([[5, 7]])
    """
    order = kept.long().argsort(dim=1, descending=True, stable=True)
    width = int(kept.sum(1).max()) if len(kept) else 0
    mask = kept.gather(1, order)[:, :width]
    return Texts(ids.gather(1, order)[:, :width].where(mask, 0), mask)


def append_end(texts: Texts, end: int) -> Texts:
    """Appends the end token to each text.

    >>> append_end(pad_lists([[5], [6, 7]]), end=9).ids
    tensor([[5, 9, 0],
            [6, 7, 9]])
    """
    column = texts.mask.new_zeros(len(texts.ids), 1)
    ids, mask = torch.cat([texts.ids, column.long()], 1), torch.cat([texts.mask, column], 1)
    longer = torch.cat([~column, texts.mask], 1)
    return Texts(ids.where(mask, end).where(longer, 0), longer)


def remove_token(texts: Texts, token: int) -> Texts:
    """Turns a token that stands at the end of texts into padding.

    >>> remove_token(append_end(pad_lists([[5]]), end=9), 9).lengths
    tensor([1])
    """
    mask = texts.mask & (texts.ids != token)
    return Texts(texts.ids.where(mask, 0), mask)


def text_means(
    values: Float[Tensor, "text position"], mask: Bool[Tensor, "text position"]
) -> Float[Tensor, " text"]:
    """Returns the mean over the tokens of each text; 0 for an empty text.

    >>> text_means(torch.tensor([[1.0, 3.0], [2.0, 9.0]]), torch.tensor([[True, True], [True, False]]))
    tensor([2., 2.])
    """
    return values.where(mask, 0).sum(1) / mask.sum(1).clamp(min=1)
