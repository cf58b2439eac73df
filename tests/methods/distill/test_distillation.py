"""Distillation: the objective by hand, and a teacher that a bag can copy."""

from __future__ import annotations

import pytest
import torch

from sentrep.methods.distill.config import DistillConfig
from sentrep.methods.distill.distillation import Passages, StaticBag, distill
from sentrep.utils.errors import InputError


def ragged(lists: list[list[int]]) -> Passages:
    lengths = torch.tensor([0, *map(len, lists)])
    return Passages(torch.tensor([token for each in lists for token in each]), lengths.cumsum(0))


def test_the_vector_is_the_weighted_sum_of_rows() -> None:
    torch.manual_seed(0)
    bag = StaticBag(torch.randn(5, 3), torch.tensor([0.0, 1, 2, 3, 4]), frequency=0.1)
    lists = [[1, 2, 2], [], [4]]
    weights = bag.log_weights.exp()
    expected = [sum((weights[t] * bag.rows[t] for t in each), torch.zeros(3)) for each in lists]
    assert torch.allclose(bag(ragged(lists)), torch.stack(expected))
    assert torch.allclose(weights, 0.1 / (0.1 + torch.tensor([0, 1, 2, 3, 4]) / 10))
    table = bag.table(without=[4])
    assert (table[4] == 0).all()
    assert torch.allclose(table[2], weights[2] * bag.rows[2])


def test_some_passages_are_chosen_with_their_tokens() -> None:
    passages = ragged([[1, 2], [3], [], [4, 5, 6]])
    chosen = passages.rows(torch.tensor([3, 2, 0]))
    assert chosen.ids.tolist() == [4, 5, 6, 1, 2]
    assert chosen.offsets.tolist() == [0, 3, 3, 5]


def test_a_teacher_that_is_a_bag_is_copied_also_on_new_passages() -> None:
    torch.manual_seed(1)
    hidden = torch.randn(40, 16)
    lists = [torch.randint(0, 40, (8,)).tolist() for _ in range(400)]
    teacher = torch.stack([hidden[each].sum(0) for each in lists])
    bag, losses = distill(
        ragged(lists[:300]),
        teacher[:300],
        torch.randn(40, 16),
        DistillConfig(steps=300, lr=2e-2, batch_size=64),
    )
    similar = torch.cosine_similarity(bag(ragged(lists[300:])), teacher[300:])
    assert losses[-1] < 0.1 < 0.5 < losses[0]
    assert similar.mean() > 0.85


def test_the_seed_decides_and_no_step_changes_nothing() -> None:
    passages, teacher, rows = ragged([[0, 1], [2], [1, 2]]), torch.eye(3, 4), torch.eye(3, 4)
    first, again = (distill(passages, teacher, rows, DistillConfig(steps=5, seed=3))[0] for _ in range(2))
    assert torch.equal(first.rows, again.rows)
    untouched, losses = distill(passages, teacher, rows, DistillConfig(steps=0))
    assert losses == []
    assert torch.allclose(untouched.rows, rows - rows.mean(0))  # their length is 1


@pytest.mark.parametrize("settings", [{"steps": -1}, {"batch_size": 0}, {"lr": 0.0}, {"frequency": -1.0}])
def test_impossible_settings_are_named(settings: dict[str, float]) -> None:
    with pytest.raises(InputError) as error:
        DistillConfig(**settings)  # type: ignore[arg-type]
    assert error.value.setting is not None
