"""The shape of trees, by hand."""

from __future__ import annotations

import pytest
import torch

from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT, Trees, branching_stats, one_sided_trees


def test_by_hand() -> None:
    """((a b) (c d)) and (a (b c)): of three inner constituents, two are of right branching, one of left
    branching."""
    rows = [
        [SHIFT, SHIFT, REDUCE, SHIFT, SHIFT, REDUCE, REDUCE],
        [SHIFT, SHIFT, SHIFT, REDUCE, REDUCE, DONE, DONE],
    ]
    found = branching_stats(Trees.from_actions(torch.tensor(rows).unsqueeze(1)))
    assert found["right_f1"].item() == pytest.approx(2 / 3)
    assert found["left_f1"].item() == pytest.approx(1 / 3)
    assert found["depth"].item() == pytest.approx((8 + 5) / 7)


@pytest.mark.parametrize("side", ["right", "left"])
def test_one_sided_trees_are_all_that_they_are(side: str) -> None:
    mask = torch.arange(6) < torch.tensor([5, 0, 1, 6, 2]).unsqueeze(1)
    found = branching_stats(one_sided_trees(mask, side))
    assert found[f"{side}_f1"] == 1
    assert found[f"{'left' if side == 'right' else 'right'}_f1"] == 0


def test_one_sided_trees_by_their_actions() -> None:
    mask = torch.arange(4) < torch.tensor([4, 2]).unsqueeze(1)
    assert one_sided_trees(mask, "left").actions()[0, 0].tolist() == [
        SHIFT,
        SHIFT,
        REDUCE,
        SHIFT,
        REDUCE,
        SHIFT,
        REDUCE,
    ]
    assert one_sided_trees(mask, "right").actions()[0, 0].tolist() == [SHIFT] * 4 + [REDUCE] * 3
    assert one_sided_trees(mask, "right").actions()[1, 0].tolist() == [
        SHIFT,
        SHIFT,
        REDUCE,
        DONE,
        DONE,
        DONE,
        DONE,
    ]


def test_of_no_constituent_nothing_is_not_a_number() -> None:
    found = branching_stats(one_sided_trees(torch.zeros(2, 3, dtype=torch.bool), "right"))
    assert found["right_f1"] == found["depth"] == 0
