"""Which constituents are on the stack while trees are built: found for all trees of a batch at once."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Int
from torch import Tensor

from sentrep.modules.trees.binary_trees import Trees, positions
from sentrep.modules.trees.tree_lstm import Constituents


class StackPlan(NamedTuple):
    """Everything that is on a stack while trees are built, sorted by its place on the stack.

    Each item has a state. States are numbered in this order from 1; 0 is the state of the bottom, which all
    stacks share. Equal stacks share the state of their top. A row is a tree.
    """

    items: Int[Tensor, " state"]
    """Number of the constituent or token plus 1; 0 for the bottom."""
    below: list[Int[Tensor, "_ 1"]]
    """For each place on a stack, from the bottom on: the number of the state below each state, plus 1. There
    is nothing below the bottom, which has 0."""
    before: Int[Tensor, "row position"]
    """State from which a token is generated."""
    final: Int[Tensor, " row"]
    """State from which the end is generated."""
    shifted: Int[Tensor, "row position"]
    """State before a shift that follows a left part."""
    chosen: Bool[Tensor, "row position"]
    """Where this shift was not forced."""
    reduced: Int[Tensor, "row position"]
    """State before a reduction, which follows a right part."""
    is_split: Bool[Tensor, "row position"]
    """Where there is such a pair of parts."""


def plan_stacks(trees: Trees, parts: Constituents) -> StackPlan:
    """Plans the stacks of trees (sentence, tree, position) with these constituents."""
    lengths, start = trees.lengths.flatten().unsqueeze(1), trees.start.flatten(0, 1)
    end, is_split, token = trees.end.flatten(0, 1), parts.is_split, positions(trees.start)
    closed = torch.zeros_like(end).scatter_add(1, end, is_split.long())
    height = token + 1 - (closed.cumsum(1) - closed)  # of the stack after each token was shifted
    begins = torch.cat([token.expand_as(start), start], 1)
    place = height.gather(1, begins).where(torch.cat([token < lengths, is_split], 1), 0).flatten()
    first = 2 * len(token) * torch.arange(len(start), device=token.device).unsqueeze(1)
    # What begins with a token is on top of what ended before it; with the first token, on the bottom, which
    # is behind all parts.
    before = F.pad(parts.left[:, :-1] + first, (1, 0), value=len(place))
    under, number = before.gather(1, begins).flatten(), parts.number.flatten()
    items, below, state = _number_states(place, under, number, parts.total)
    return StackPlan(
        items=items,
        below=below,
        before=state[before],
        final=state[parts.last + first.squeeze(1)],
        shifted=state[parts.left + first],
        chosen=is_split & (height.gather(1, start) > 1),
        reduced=state[parts.right + first],
        is_split=is_split,
    )


def _number_states(
    place: Int[Tensor, " part"], under: Int[Tensor, " part"], number: Int[Tensor, " part"], total: int
) -> tuple[Int[Tensor, " state"], list[Int[Tensor, "_ 1"]], Int[Tensor, " part_and_bottom"]]:
    """Numbers the states by their place on the stack; equal stacks share a number.

    Args:
        place: place of each part on the stack, from 1; 0 for what is no part.
        under: the part that each part is on top of.
        number: number of each part in `Constituents`.
        total: how many such numbers there are.

    Returns:
        `StackPlan.items`, `StackPlan.below`, and the state of each part.
    """
    state = torch.zeros(len(place) + 1, dtype=torch.long, device=place.device)
    items, below, known = [state.new_zeros(1)], [state.new_zeros(1, 1)], 1
    order = place.argsort(stable=True)[int((place == 0).sum()) :]
    for here in order.split(place.bincount()[1:].tolist()):
        stacks, which = (state[under[here]] * total + number[here]).unique(return_inverse=True)
        items.append(stacks % total + 1)
        below.append((stacks // total + 1).unsqueeze(1))
        state[here] = known + which
        known += len(stacks)
    return torch.cat(items), below, state
