"""The judge against its parts: what it reads, who learns from it, and what it says."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentrep.methods.seq2seq2seq.critic import Judge, mixed
from sentrep.modules.gan_losses import ADVERSARIES
from sentrep.modules.padding import Texts, ended, of_lists

END = 9
PEOPLE, WRITTEN = (
    ended(of_lists(rows), END) for rows in ([[1, 2], [3], [4, 5, 6]], [[7, 8], [1, 1, 1], [2]])
)


def judge(stepwise: bool, adversary: str = "standard", straight: bool = False) -> Judge:
    torch.manual_seed(0)
    return Judge(END + 1, 4, 6, stepwise, adversary, straight)


def soft() -> Tensor:
    torch.manual_seed(1)
    return torch.randn(*WRITTEN.ids.shape, END + 1).softmax(2).requires_grad_()


def learnt(made: Judge) -> set[str]:
    return {
        name for name, each in made.named_parameters() if each.grad is not None and each.grad.abs().sum() > 0
    }


@pytest.mark.parametrize("straight", [False, True])
def test_rows_are_hard_soft_or_hard_with_a_soft_gradient(straight: bool) -> None:
    table, words = torch.randn(END + 1, 4), soft()
    assert torch.equal(mixed(table, WRITTEN, None, straight), table[WRITTEN.ids])
    found = mixed(table, WRITTEN, words, straight)
    assert torch.allclose(found, table[WRITTEN.ids] if straight else words @ table, atol=1e-6)
    found.sum().backward()
    assert words.grad is not None
    assert torch.allclose(words.grad, table.sum(1).expand_as(words), atol=1e-6)


@pytest.mark.parametrize("adversary", ["standard", "rsgan"])
def test_the_critics_loss_is_that_of_its_scores(adversary: str) -> None:
    made = judge(True, adversary)
    loss, metrics = made(PEOPLE, WRITTEN)

    def scores(texts: Texts) -> Tensor:
        return torch.cat([made.critic(made.rows(ids[alive])[None], torch.ones(1, int(alive.sum()), dtype=torch.bool))[0]
                          for ids, alive in zip(*texts, strict=True)])  # fmt: skip

    with torch.no_grad():
        real, fake = scores(PEOPLE), scores(WRITTEN)
        wanted = ADVERSARIES[adversary].critic(real, fake)
    assert float(loss.detach()) == pytest.approx(float(wanted), abs=1e-5)
    assert float(metrics["critic_gap"]) == pytest.approx(float(real.mean() - fake.mean()), abs=1e-5)
    right = ((real > 0).float().mean() + (fake < 0).float().mean()) / 2
    assert float(metrics["critic_accuracy"]) == pytest.approx(float(right))


@pytest.mark.parametrize("adversary", list(ADVERSARIES))
def test_who_learns_from_what(adversary: str) -> None:
    made, words = judge(False, adversary), soft()
    made(PEOPLE, WRITTEN, words)[0].backward()
    assert "rows.weight" in learnt(made)
    assert words.grad is None  # the critic's turn teaches no generator
    made.zero_grad()
    made.opinion(PEOPLE, WRITTEN, words).backward()
    assert learnt(made) == set()  # and the generator's no critic
    assert words.grad is not None
    assert words.grad.abs().sum() > 0


def test_belief_is_of_every_beginning() -> None:
    made = judge(True)
    belief = made.belief(WRITTEN)
    for row, (ids, alive) in enumerate(zip(*WRITTEN, strict=True)):
        for count in range(1, int(alive.sum()) + 1):
            begun = made.critic(made.rows(ids[:count])[None], torch.ones(1, count, dtype=torch.bool))[0, -1]
            assert float(belief[row, count - 1]) == pytest.approx(float(begun.detach().sigmoid()), abs=1e-6)
    assert not belief.requires_grad
