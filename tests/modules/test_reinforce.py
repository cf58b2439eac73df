"""REINFORCE where everything can be enumerated: three words, one of them the end, and at most three steps
make 15 texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from sentrep.modules.reinforce import (
    leave_one_out,
    policy_loss,
    returns,
    self_critical,
    step_rewards,
    subtract_step_mean,
)

WORDS, END, LONGEST = 3, 2, 3
BATCHES, BATCH = 200, 1000

Baseline = Callable[[Tensor, Tensor], Tensor]
"""From returns and who is alive to advantages."""


def policy() -> Tensor:
    """Logits (prefix, word) for the 7 prefixes of 0, 1 or 2 words that are not the end."""
    return torch.randn(7, WORDS, generator=torch.Generator().manual_seed(0)).requires_grad_()


SCORES = 2 + torch.randn(7, WORDS, generator=torch.Generator().manual_seed(1))
"""What a critic says once a word follows a prefix; never near 0, so a baseline has something to take."""


def texts(words: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    for word in range(WORDS):
        if word == END or len(words) + 1 == LONGEST:
            yield (*words, word)
        else:
            yield from texts((*words, word))


def prefixes(words: tuple[int, ...]) -> list[int]:
    """The row of each prefix: 0 for none, 2 k + 1 and 2 k + 2 for those that go on from k."""
    rows = [0]
    for word in words[:-1]:
        rows.append(2 * rows[-1] + 1 + word)
    return rows


def exact(logits: Tensor, discount: float) -> Tensor:
    """Σ_y p(y) Σ_i d_i ∇ log p(y_i), text by text and step by step."""
    total = torch.zeros_like(logits)
    log_prob = logits.log_softmax(1)
    for words in texts():
        rows = prefixes(words)
        steps = [log_prob[row, word] for row, word in zip(rows, words, strict=True)]
        chance = torch.stack(steps).sum().exp().item()
        said = [SCORES[row, word].item() for row, word in zip(rows, words, strict=True)]
        rewards = [said[0], *(after - before for before, after in pairwise(said))]
        for i, step in enumerate(steps):
            worth = sum(discount ** (j - i) * rewards[j] for j in range(i, len(rewards)))
            total += chance * worth * torch.autograd.grad(step, logits, retain_graph=True)[0]
    return total


def sampled(logits: Tensor, discount: float, baseline: Baseline) -> tuple[Tensor, Tensor]:
    """Gradients (batch, prefix, word) and whole log-probabilities of drawn texts, through the functions that
    are tested."""
    random, gradients, found = torch.Generator().manual_seed(2), [], []
    for _ in range(BATCHES):
        log_softmax = logits.log_softmax(1)
        row, going = torch.zeros(BATCH, dtype=torch.long), torch.ones(BATCH, dtype=torch.bool)
        told, said, mask = [], [], []
        for _ in range(LONGEST):
            word = log_softmax.detach().exp()[row].multinomial(1, generator=random).squeeze(1)
            told.append(log_softmax[row, word])
            said.append(SCORES[row, word])
            mask.append(going)
            going = going & (word != END)
            row = torch.where(going, 2 * row + 1 + word, 0).clamp(max=6)
        lives = torch.stack(mask, 1)
        worth = returns(step_rewards(torch.stack(said, 1), lives), lives, discount)
        log_prob = torch.stack(told, 1)
        loss = policy_loss(log_prob, baseline(worth, lives), lives).mean()
        gradients.append(-torch.autograd.grad(loss, logits)[0])
        found.append(log_prob.detach().where(lives, 0).sum(1))
    return torch.stack(gradients), torch.cat(found)


def nothing(worth: Tensor, mask: Tensor) -> Tensor:
    return worth


def test_all_texts_are_enumerated() -> None:
    log_prob = policy().log_softmax(1)
    chances = [
        torch.stack([log_prob[row, word] for row, word in zip(prefixes(words), words, strict=True)])
        .sum()
        .exp()
        for words in texts()
    ]
    assert len(chances) == 15
    assert torch.stack(chances).sum().item() == pytest.approx(1, abs=1e-6)


def test_undiscounted_the_expectation_is_the_gradient_of_the_expected_reward() -> None:
    logits = policy()
    log_prob, expected = logits.log_softmax(1), torch.zeros(())
    for words in texts():
        rows = prefixes(words)
        chance = torch.stack([log_prob[row, word] for row, word in zip(rows, words, strict=True)]).sum().exp()
        expected = (
            expected + chance * SCORES[rows[-1], words[-1]]
        )  # rewards of the steps sum to the last score
    assert torch.allclose(exact(logits, 1.0), torch.autograd.grad(expected, logits)[0], atol=1e-6)


@pytest.mark.parametrize("baseline", [nothing, subtract_step_mean])
@pytest.mark.parametrize("discount", [1.0, 0.3])
def test_the_sampled_gradient_is_the_exact_one(discount: float, baseline: Baseline) -> None:
    """Within 4 standard errors, measured over 200 batches of 1,000 texts, in each of 21 entries: chance alone
    would fail this once in 750 seeds. The standard error is below 2 % of the gradient's length, so a wrong
    term would show."""
    logits = policy()
    gradients, _ = sampled(logits, discount, baseline)
    error = gradients.std(0) / BATCHES**0.5
    right = exact(logits, discount)
    assert (gradients.mean(0) - right).abs().sub(4 * error).max() <= 0
    assert error.max() < 0.02 * right.norm()
    assert (right.abs() > 8 * error).sum() > 10  # most entries are known to more than their sign


def test_the_variance_falls_with_the_baseline() -> None:
    logits = policy()
    plain, told = sampled(logits, 1.0, nothing)
    better, told_again = sampled(logits, 1.0, subtract_step_mean)
    assert torch.equal(told, told_again)  # the very same texts
    assert better.var(0).sum() < 0.25 * plain.var(0).sum()


def test_a_self_critical_advantage_leaves_the_expectation_and_lowers_the_variance() -> None:
    logits = policy()
    rows, words = [0], []
    while True:  # the greedy text
        words.append(int(logits[rows[-1]].argmax()))
        if words[-1] == END or len(words) == LONGEST:
            break
        rows.append(2 * rows[-1] + 1 + words[-1])
    greedy_loss = -SCORES[rows[-1], words[-1]]

    def against_greedy(worth: Tensor, mask: Tensor) -> Tensor:
        whole = worth[:, 0]  # undiscounted, the return of the first step is the whole reward
        return self_critical(-whole, greedy_loss.expand(len(worth))).unsqueeze(1).expand_as(worth)

    gradients, _ = sampled(logits, 1.0, against_greedy)
    error = gradients.std(0) / BATCHES**0.5
    assert (gradients.mean(0) - exact(logits, 1.0)).abs().sub(4 * error).max() <= 0
    assert gradients.var(0).sum() < 0.5 * sampled(logits, 1.0, nothing)[0].var(0).sum()
    assert (
        self_critical(torch.tensor([1.0]), torch.tensor([3.0])).item() == 2
    )  # the drawn text is restored better: positive


def test_leave_one_out_against_a_double_loop() -> None:
    values = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    found = leave_one_out(values)
    for sentence in range(3):
        for sample in range(4):
            others = [values[sentence, other].item() for other in range(4) if other != sample]
            assert found[sentence, sample].item() == pytest.approx(
                values[sentence, sample].item() - sum(others) / 3, abs=1e-6
            )
    assert torch.equal(leave_one_out(values[:, :1]), values[:, :1])


@pytest.mark.parametrize("samples", [2, 5])
def test_leave_one_out_leaves_the_expectation_and_lowers_the_variance(samples: int) -> None:
    """The gradient of the expected score of one word, known exactly, from a few samples of many copies of
    it."""
    logits, copies = policy()[0].detach(), 20000
    chance = logits.softmax(0)
    exact = chance * (SCORES[0] - (chance * SCORES[0]).sum())
    word = chance.expand(copies, WORDS).multinomial(
        samples, replacement=True, generator=torch.Generator().manual_seed(3)
    )
    slope = torch.eye(WORDS)[word] - chance  # of log p, by the logits
    variances = []
    for advantage in (SCORES[0][word], leave_one_out(SCORES[0][word])):
        gradients = (advantage.unsqueeze(2) * slope).mean(1)
        error = gradients.std(0) / copies**0.5
        assert (gradients.mean(0) - exact).abs().sub(4 * error).max() <= 0
        variances.append(gradients.var(0).sum())
    assert error.max() < 0.02 * exact.norm()
    assert variances[1] < 0.5 * variances[0]


def ragged() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    mask = torch.arange(6) < torch.tensor([6, 1, 4, 2]).unsqueeze(1)
    return torch.randn(4, 6, generator=random), mask


def test_returns_against_a_double_loop() -> None:
    rewards, mask = ragged()
    found = returns(rewards, mask, 0.3)
    for text, length in enumerate(mask.sum(1).tolist()):
        for i in range(6):
            wanted = (
                sum(0.3 ** (j - i) * rewards[text, j].item() for j in range(i, length)) if i < length else 0.0
            )
            assert found[text, i].item() == pytest.approx(wanted, abs=1e-6)


def test_a_discount_of_nothing_leaves_each_step_its_own_reward() -> None:
    rewards, mask = ragged()
    assert torch.equal(returns(rewards, mask, 0.0), rewards.where(mask, 0))


def test_centred_against_a_double_loop() -> None:
    values, mask = ragged()
    found = subtract_step_mean(values, mask)
    for step in range(6):
        there = [text for text in range(4) if mask[text, step]]
        mean = sum(values[text, step].item() for text in there) / len(there)
        for text in range(4):
            wanted = values[text, step].item() - mean if text in there else 0.0
            assert found[text, step].item() == pytest.approx(wanted, abs=1e-6)
    assert found[0, 5] == 0  # the last one left has nothing to be compared with


def test_padding_changes_nothing() -> None:
    values, mask = ragged()
    rubbish = values.where(mask, torch.nan)
    assert torch.equal(step_rewards(rubbish, mask), step_rewards(values, mask))
    assert torch.equal(returns(rubbish, mask, 0.3), returns(values, mask, 0.3))
    assert torch.equal(subtract_step_mean(rubbish, mask), subtract_step_mean(values, mask))
    log_prob, advantage = values.clone().requires_grad_(), rubbish.clone().requires_grad_()
    loss = policy_loss(log_prob, advantage, mask)
    loss.sum().backward()
    assert advantage.grad is None
    assert torch.equal(loss, policy_loss(values, values, mask))
    assert log_prob.grad is not None
    assert torch.equal(log_prob.grad, -values.where(mask, 0))
