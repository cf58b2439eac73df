"""Binary trees as nested pairs, for tests that compare trees by eye."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, TypeVar

from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT

Leaf = TypeVar("Leaf")
Nested: TypeAlias = "Leaf | tuple[Nested[Leaf], Nested[Leaf]]"
"""A token, or the pair of its parts."""


def nested(actions: Sequence[int], tokens: Sequence[Leaf]) -> Nested[Leaf]:
    """Returns the tree that actions build.

    Raises:
        ValueError: they do not build one tree of these tokens.
    """
    stack: list[Nested[Leaf]] = []
    waiting = list(reversed(tokens))
    for action in actions:
        if action == SHIFT and waiting:
            stack.append(waiting.pop())
        elif action == REDUCE and len(stack) > 1:
            right = stack.pop()
            stack[-1] = (stack[-1], right)
        elif action != DONE:
            break
    else:
        if len(stack) == 1 and not waiting:
            return stack[0]
    raise ValueError(f"actions {list(actions)} do not build one tree of {len(tokens)} tokens")


def flattened(tree: Nested[Leaf]) -> tuple[list[int], list[Leaf]]:
    """Returns the actions that build a tree, and its tokens."""
    if not isinstance(tree, tuple):
        return [SHIFT], [tree]
    (left, first), (right, second) = map(flattened, tree)
    return [*left, *right, REDUCE], [*first, *second]
