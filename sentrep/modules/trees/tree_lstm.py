"""The binary tree LSTM: vectors of constituents, composed from the vectors of their two parts.

    [i; f_l; f_r; o; g] = W [h_l; h_r] + b     c = σ(f_l) c_l + σ(f_r) c_r + σ(i) tanh(g)     h = σ(o) tanh(c)

A token has its row as h, and c = 0, as in URNNG.

All trees of a batch are built at once: constituents of the same height are composed in one step, and
constituents that several trees of a sentence share are composed once.

Reference:
    "Improved semantic representations from tree-structured long short-term memory networks", Tai, Socher &
    Manning, ACL 2015, section 3.2; URNNG (Kim et al., NAACL 2019), appendix.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.trees.binary_trees import Trees, positions
from sentrep.modules.trees.recurrence import lstm_recurrence


class TreeLSTM(nn.Module):
    """Composes the vectors of constituents.

    Args:
        width: width of the vectors of tokens and constituents.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.join = nn.Linear(2 * width, 5 * width)

    def forward(
        self, tokens: Float[Tensor, "sentence position width"], parts: Constituents
    ) -> Float[Tensor, "number width"]:
        """Returns h of all tokens and constituents, by their numbers in `parts`."""
        leaves = tokens.float().flatten(0, 1)
        shared = torch.zeros(parts.total - len(leaves), dtype=torch.long, device=leaves.device)
        return lstm_recurrence(leaves, self.join.bias.unsqueeze(0), self.join.weight, parts.levels, shared)


class Constituents(NamedTuple):
    """The parts of all trees of a batch.

    A row is a tree; the trees of a sentence follow each other. Its parts are its tokens and then its
    constituents in the order of their splits: part `positions` + i is split after token i. Each part has a
    number, and parts that several trees of a sentence share have the same number; token i of sentence s has
    the number s · positions + i.
    """

    number: Int[Tensor, "row part"]
    left: Int[Tensor, "row position"]
    """Part to the left of each split."""
    right: Int[Tensor, "row position"]
    """Part to the right of each split."""
    is_split: Bool[Tensor, "row position"]
    """Whether a constituent is split after the token."""
    last: Int[Tensor, " row"]
    """The part that ends with the sentence and is in no other part: the root of a tree. Any part, if the
    sentence is empty."""
    levels: list[Int[Tensor, "_ 2"]]
    """Numbers of the left and right parts of the constituents of each height, from below, each constituent
    once; constituents are numbered in this order."""
    total: int
    """How many numbers there are."""

    @property
    def roots(self) -> Int[Tensor, " row"]:
        """Number of the root of each tree."""
        return self.number.gather(1, self.last.unsqueeze(1)).squeeze(1)


def constituents(trees: Trees) -> Constituents:
    """Finds the constituents of trees (sentence, tree, position) and numbers them."""
    sentences, count, width = trees.start.shape
    token = positions(trees.start)
    row = torch.arange(sentences * count, device=token.device).unsqueeze(1)
    start, end, lengths = trees.start.flatten(0, 1), trees.end.flatten(0, 1), trees.lengths.flatten()
    is_split, tokens = start < end, token.expand_as(start)
    spans = torch.zeros(len(row), width**2, dtype=torch.long, device=token.device)
    spans = spans.scatter(1, start * width + end, tokens + width).scatter(1, tokens * (width + 1), tokens)
    left = spans.gather(1, start * width + token)
    right = spans.gather(1, ((token + 1) * width + end).where(is_split, 0))
    final = (lengths - 1).clamp(min=0).unsqueeze(1)
    outermost = start.where(is_split & (end == final), final).amin(1, keepdim=True)
    last = spans.gather(1, outermost * width + final).squeeze(1)
    leaves = sentences * width
    number = torch.cat([row // count * width + token, leaves + row * width + token], 1)
    own, one, other = number[:, width:][is_split], number.gather(1, left), number.gather(1, right)
    levels, shared = _by_height(own, one[is_split], other[is_split], leaves, leaves + start.numel())
    return Constituents(shared[number], left, right, is_split, last, levels, leaves + sum(map(len, levels)))


def _by_height(
    numbers: Int[Tensor, " part"],
    left: Int[Tensor, " part"],
    right: Int[Tensor, " part"],
    leaves: int,
    total: int,
) -> tuple[list[Int[Tensor, "_ 2"]], Int[Tensor, " number"]]:
    """Returns `Constituents.levels`, and for each number the one that it shares with equal constituents."""
    height = _heights(numbers, left, right, total)
    order, levels, shared = height.argsort(stable=True), [], torch.arange(total, device=numbers.device)
    for here in order.split(height.bincount()[1:].tolist()):
        pairs, which = (shared[left[here]] * total + shared[right[here]]).unique(return_inverse=True)
        shared[numbers[here]] = leaves + which
        levels.append(torch.stack([pairs // total, pairs % total], 1))
        leaves += len(pairs)
    return levels, shared


def _heights(
    numbers: Int[Tensor, " part"], left: Int[Tensor, " part"], right: Int[Tensor, " part"], total: int
) -> Int[Tensor, " part"]:
    """Returns the height of each constituent over its tokens: 1 for two tokens."""
    height = torch.zeros(total, dtype=torch.long, device=numbers.device)
    while True:
        higher = torch.maximum(height[left], height[right]) + 1
        if torch.equal(higher, height[numbers]):
            return higher
        height[numbers] = higher
