"""Binary trees of sentences as tensors.

A tree over n tokens has n − 1 constituents of two tokens or more, and each is split in a different gap
between tokens. So a tree is two numbers for each gap: the first and the last token of the constituent that is
split there.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

SHIFT, REDUCE, DONE = 0, 1, 2
"""Actions of the shift-reduce transition system; `DONE` fills the steps after the last action."""


class Trees(NamedTuple):
    """Binary trees, each described by the constituents that are split after each token.

    After the last token of a sentence, and at padding, there is no split; there both fields hold the position
    itself.

    >>> trees = Trees.from_actions(torch.tensor([[SHIFT, SHIFT, SHIFT, REDUCE, REDUCE]]))
    >>> trees.start.tolist(), trees.end.tolist()
    ([[0, 1, 2]], [[2, 2, 2]])
    """

    start: Int[Tensor, "*tree position"]
    """First token of the constituent that is split right after each token."""
    end: Int[Tensor, "*tree position"]
    """Last token of that constituent."""
    lengths: Int[Tensor, "*tree"]
    """Tokens of each sentence."""

    def actions(self) -> Int[Tensor, "*tree step"]:
        """Returns the shift-reduce actions that build each tree: 2 n − 1 for n tokens, then `DONE`."""
        token = positions(self.start)
        reduces = torch.zeros_like(self.end).scatter_add(-1, self.end, (self.start < self.end).long())
        shifted = token + reduces.cumsum(-1) - reduces
        length = self.lengths.unsqueeze(-1)
        step = torch.arange(2 * len(token) - 1, device=token.device)
        return torch.where(step < 2 * length - 1, REDUCE, DONE).scatter(
            -1, shifted, torch.where(token < length, SHIFT, DONE)
        )

    def span_mask(self) -> Bool[Tensor, "*tree position position"]:
        """Returns which spans [i, j] are constituents; single tokens are."""
        token = positions(self.start)
        empty = torch.zeros(*self.start.shape, len(token), dtype=torch.bool, device=token.device)
        spans = empty.flatten(-2).scatter(-1, self.start * len(token) + self.end, True).view_as(empty)
        return (spans | (token == token.unsqueeze(1))) & (token < self.lengths[..., None, None])

    @staticmethod
    def from_actions(actions: Int[Tensor, "*tree step"]) -> Trees:
        """Makes trees of shift-reduce actions, 2 n − 1 of them for n tokens, perhaps followed by `DONE`."""
        lengths = (actions == SHIFT).sum(-1)
        # The step at which each token is shifted: SHIFT is the smallest action, so it is sorted first.
        step = actions.argsort(dim=-1, stable=True)[..., : (actions.shape[-1] + 1) // 2]
        return _from_heights(2 * positions(step) + 1 - step, lengths)

    @staticmethod
    def from_span_mask(mask: Bool[Tensor, "*tree position position"]) -> Trees:
        """Makes trees of their constituents; the inverse of `span_mask`."""
        reduces = mask.triu(1).sum(-2)
        heights = positions(reduces) + 1 - reduces.cumsum(-1) + reduces
        return _from_heights(heights, mask.diagonal(dim1=-2, dim2=-1).sum(-1))


def one_sided_trees(mask: Bool[Tensor, "sentence position"], side: str) -> Trees:
    """Returns trees (sentence, 1, position) that always branch to one side.

    Args:
        mask: True at tokens of the sentences.
        side: 'right', 'left', or 'none' for tokens without any constituent.

    >>> one_sided_trees(torch.ones(1, 3, dtype=torch.bool), "left").end.tolist()
    [[[1, 2, 2]]]
    """
    lengths, token = mask.sum(1, keepdim=True), positions(mask)
    split = token < lengths - 1
    start = torch.where(split, 0, token) if side == "left" else token.expand_as(split)
    ends = {"left": token + 1, "right": lengths - 1, "none": token}
    return Trees(start.unsqueeze(1), torch.where(split, ends[side], token).unsqueeze(1), lengths)


def branching_stats(trees: Trees) -> dict[str, Float[Tensor, ""]]:
    """Measures whether trees do more than branch to one side.

    Returns:
        ``right_f1`` and ``left_f1``: share of the constituents, without whole sentences, that right or left
        branching has too; this is F1, since all binary trees of a sentence have equally many constituents.
        ``depth``: mean number of constituents above a token.
    """
    start, end, split = trees.start, trees.end, trees.start < trees.end
    last = trees.lengths.unsqueeze(-1) - 1
    inner = split & ((start > 0) | (end < last))
    count = inner.sum().clamp(min=1)
    return {
        "right_f1": (inner & (end == last)).sum() / count,
        "left_f1": (inner & (start == 0)).sum() / count,
        "depth": (end - start + 1).where(split, 0).sum() / trees.lengths.sum().clamp(min=1),
    }


def tree_f1(predicted: Trees, gold: Trees) -> Float[Tensor, ""]:
    """Returns the mean F1 of the constituents of each sentence, one tree each, without whole sentences.

    Sentences of fewer than three tokens are left out.
    """
    inner = (gold.lengths[:, 0] - 2).clamp(min=0)  # constituents of any binary tree of the sentence
    common = (predicted.span_mask()[:, 0] & gold.span_mask()[:, 0]).triu(1).sum((1, 2)) - 1
    return (common / inner.clamp(min=1)).where(inner > 0, 0).sum() / (inner > 0).sum().clamp(min=1)


def positions(rows: Tensor) -> Int[Tensor, " position"]:
    """Returns 0, 1, … along the last dimension."""
    return torch.arange(rows.shape[-1], device=rows.device)


def _from_heights(height: Int[Tensor, "*tree position"], lengths: Int[Tensor, "*tree"]) -> Trees:
    """Makes trees of the height of the stack right after each token was shifted.

    The constituent that is split after token k joins the right part, which began on top of the stack with
    token k + 1, and the left part right below it.
    """
    token = positions(height)
    length, gap = lengths.unsqueeze(-1), token.unsqueeze(1)
    right = height.roll(-1, -1).unsqueeze(-1)
    left_begins = (height.unsqueeze(-2) == right - 1) & (token <= gap)
    taken_off = (height.unsqueeze(-2) <= right) & (token > gap + 1) & (token < length.unsqueeze(-1))
    start = torch.where(left_begins, token, -1).amax(-1)
    end = torch.where(taken_off, token, length.unsqueeze(-1)).amin(-1) - 1
    split = token < length - 1
    return Trees(start.where(split, token), end.where(split, token), lengths)
