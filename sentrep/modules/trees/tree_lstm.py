"""Vectors of constituents: each is put together from those of its two parts.

    [i; f_l; f_r; o; g] = W [h_l; h_r] + b        c = σ(f_l) c_l + σ(f_r) c_r + σ(i) tanh(g)        h = σ(o) tanh(c)

The binary tree LSTM of "Improved semantic representations from tree-structured long short-term memory
networks", Tai, Socher & Manning, ACL 2015, section 3.2, as URNNG has it (Kim et al., NAACL 2019, appendix): a
token is its row, with c = 0.

All trees of a batch are built at once: what is as high over its tokens is put together in one step, and what
several trees of a sentence have in common is put together once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.trees.crf import Trees
from sentrep.modules.trees.recurrence import recurrent


class Composer(nn.Module):
    """A tree LSTM of two branches.

    Args:
        width: of tokens and constituents.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.join = nn.Linear(2 * width, 5 * width)

    def forward(
        self, tokens: Float[Tensor, "sentence position width"], parts: Constituents
    ) -> Float[Tensor, "number width"]:
        """h of all tokens and constituents, by their numbers."""
        leaves = tokens.float().flatten(0, 1)
        shared = torch.zeros(parts.total - len(leaves), dtype=torch.long, device=leaves.device)
        return recurrent(leaves, self.join.bias.unsqueeze(0), self.join.weight, parts.levels, shared)


class Constituents(NamedTuple):
    """The parts of all trees of a batch. A row is a tree, those of one sentence after the other. Its parts
    are its tokens, and then its constituents by where they divide: part `positions` + i divides after token
    i. What trees of a sentence have in common goes by one number; token i of sentence s has number s ·
    positions + i."""

    number: Int[Tensor, "row part"]
    left: Int[Tensor, "row position"]
    """Which parts are put together at each gap."""
    right: Int[Tensor, "row position"]
    divides: Bool[Tensor, "row position"]
    """Where there are such."""
    last: Int[Tensor, " row"]
    """The part that ends with the sentence and belongs to no other: of a tree its root. Of an empty sentence
    any."""
    levels: list[Int[Tensor, "_ 2"]]
    """Left and right of what can be put together at once, from below; everything once, and numbered in this
    order."""
    total: int
    """How many numbers there are."""

    @property
    def roots(self) -> Int[Tensor, " row"]:
        """Numbers of what is last."""
        return self.number.gather(1, self.last.unsqueeze(1)).squeeze(1)


def constituents(trees: Trees) -> Constituents:
    """Of trees (sentence, tree, position), of a position or more; none where they divide nowhere."""
    sentences, count, positions = trees.start.shape
    token = torch.arange(positions, device=trees.start.device)
    row = torch.arange(sentences * count, device=token.device).unsqueeze(1)
    start, end, lengths = trees.start.flatten(0, 1), trees.end.flatten(0, 1), trees.lengths.flatten()
    divides, tokens = start < end, token.expand_as(start)
    spans = torch.zeros(len(row), positions**2, dtype=torch.long, device=token.device)
    spans = spans.scatter(1, start * positions + end, tokens + positions).scatter(
        1, tokens * (positions + 1), tokens
    )
    left = spans.gather(1, start * positions + token)
    right = spans.gather(1, ((token + 1) * positions + end).where(divides, 0))
    final = (lengths - 1).clamp(min=0).unsqueeze(1)
    outermost = start.where(divides & (end == final), final).amin(1, keepdim=True)
    last = spans.gather(1, outermost * positions + final).squeeze(1)
    leaves = sentences * positions
    number = torch.cat([row // count * positions + token, leaves + row * positions + token], 1)
    own, one, other = number[:, positions:], number.gather(1, left), number.gather(1, right)
    levels, known = _by_height(own[divides], one[divides], other[divides], leaves, leaves + start.numel())
    return Constituents(known[number], left, right, divides, last, levels, leaves + sum(map(len, levels)))


def _by_height(
    numbers: Int[Tensor, " part"],
    left: Int[Tensor, " part"],
    right: Int[Tensor, " part"],
    leaves: int,
    total: int,
) -> tuple[list[Int[Tensor, "_ 2"]], Int[Tensor, " number"]]:
    """`Constituents.levels`, and for each number the one that it goes by: below `leaves` the same, then one
    after the other."""
    height = torch.zeros(total, dtype=torch.long, device=numbers.device)
    while True:
        higher = torch.maximum(height[left], height[right]) + 1
        if torch.equal(higher, height[numbers]):
            break
        height[numbers] = higher
    order, levels, known = higher.argsort(stable=True), [], torch.arange(total, device=numbers.device)
    for here in order.split(higher.bincount()[1:].tolist()):
        pairs, which = (known[left[here]] * total + known[right[here]]).unique(return_inverse=True)
        known[numbers[here]] = leaves + which
        levels.append(torch.stack([pairs // total, pairs % total], 1))
        leaves += len(pairs)
    return levels, known
