"""What trees look like, whatever they say: whether they do anything but branch to one side."""

from __future__ import annotations

from torch import Tensor

from sentrep.modules.trees.crf import Trees


def shape(trees: Trees) -> dict[str, Tensor]:
    """Of binary trees together.

    `right_f1`, `left_f1`: share of the constituents, without whole sentences, that branching to one side has
    too; it is F1, since all binary trees of a sentence have equally many. `depth`: constituents above a
    token, on average."""
    start, end, divides = trees.start, trees.end, trees.start < trees.end
    last = trees.lengths.unsqueeze(-1) - 1
    inner = divides & ((start > 0) | (end < last))
    count = inner.sum().clamp(min=1)
    return {
        "right_f1": (inner & (end == last)).sum() / count,
        "left_f1": (inner & (start == 0)).sum() / count,
        "depth": (end - start + 1).where(divides, 0).sum() / trees.lengths.sum().clamp(min=1),
    }
