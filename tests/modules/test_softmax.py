"""The softmax in chunks against the whole one, and the sampled one against what it estimates."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sentrep.modules import softmax as vocabulary
from sentrep.modules.softmax import VocabularySoftmax

SIZE, WIDTH, TOKENS = 37, 8, 50


def made(samples: int = 0) -> tuple[VocabularySoftmax, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    softmax = VocabularySoftmax(SIZE, WIDTH, samples)
    with torch.no_grad():
        softmax.weight.mul_(10)
        softmax.bias.normal_()
    states = torch.randn(TOKENS, WIDTH, requires_grad=True)
    return softmax, states, torch.randint(SIZE, (TOKENS,)), torch.rand(TOKENS)


def gradients(loss: Tensor, softmax: VocabularySoftmax, states: Tensor) -> list[Tensor]:
    return list(torch.autograd.grad(loss, [states, softmax.weight, softmax.bias]))


@pytest.mark.parametrize(
    ("rows", "in_cache"), [(1, 1), (5 * SIZE, 2 * SIZE), (5 * SIZE, 10**6), (10**6, 3 * SIZE), (10**6, 10**6)]
)
def test_chunks_give_the_likelihood_and_the_gradients_of_the_whole(
    rows: int, in_cache: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "LOGITS_IN_MEMORY", rows)
    monkeypatch.setattr(vocabulary, "LOGITS_IN_CACHE", in_cache)
    softmax, states, targets, weights = made()
    naive = F.cross_entropy(states @ softmax.weight.T + softmax.bias, targets, reduction="none")
    outcome = softmax(states, targets, weights)
    assert torch.allclose(outcome.nll, naive, atol=1e-5)
    assert torch.allclose(outcome.loss, (naive * weights).sum(), atol=1e-4)
    wanted = gradients(3 * (naive * weights).sum(), softmax, states)
    for found, right in zip(gradients(3 * outcome.loss, softmax, states), wanted, strict=True):
        assert torch.allclose(found, right, atol=1e-4)


@pytest.mark.parametrize("samples", [0, 5])
def test_no_gradient_is_computed_under_no_grad(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    softmax, states, targets, weights = made(samples)
    torch.manual_seed(1)
    wanted = softmax(states, targets, weights)
    monkeypatch.setattr(torch, "zeros_like", lambda *_, **__: pytest.fail("there is room for a gradient"))
    torch.manual_seed(1)
    with torch.no_grad():
        found = softmax(states, targets, weights)
    assert torch.equal(found.nll, wanted.nll)
    assert torch.equal(found.loss, wanted.loss)


def test_what_is_next_to_impossible_has_a_likelihood() -> None:
    softmax, states, targets, weights = made()
    with torch.no_grad():
        softmax.bias[0] = 300
        targets[:] = 1
    found = softmax(states, targets, weights)
    assert torch.allclose(
        found.nll, F.cross_entropy(states @ softmax.weight.T + softmax.bias, targets, reduction="none")
    )
    assert found.nll.min() > 200, "whose probability fp32 cannot hold"


def test_nothing_to_tell_costs_nothing() -> None:
    softmax, states, targets, weights = made()
    found = softmax(states[:0], targets[:0], weights[:0])
    assert found.loss == 0
    assert not any(each.any() for each in gradients(found.loss, softmax, states))


def test_evaluation_always_looks_at_the_whole_vocabulary() -> None:
    softmax, states, targets, weights = made(samples=5)
    sampled = softmax(states, targets, weights).nll
    whole = softmax.eval()(states, targets, weights).nll
    assert torch.allclose(whole, -softmax.log_probs(states)[torch.arange(TOKENS), targets], atol=1e-5)
    assert not torch.allclose(sampled, whole, atol=1e-2)


def test_the_sampled_partition_function_is_right_in_the_mean() -> None:
    """exp(nll) · exp(own logit) is the partition function; over many draws its mean is that of the whole
    vocabulary."""
    softmax, states, targets, weights = made(samples=16)
    with torch.no_grad():
        own = (states * softmax.weight[targets]).sum(1) + softmax.bias[targets]
        drawn = torch.stack([(softmax(states, targets, weights).nll + own).exp() for _ in range(4000)])
        whole = (states @ softmax.weight.T + softmax.bias).exp().sum(1)
    spread = drawn.std(0) / len(drawn) ** 0.5
    assert ((drawn.mean(0) - whole).abs() < 5 * spread + 1e-4).all()


@pytest.mark.parametrize("rows", [1, 5 * 11, 10**6])
def test_gradients_of_the_sampled_softmax_are_those_of_its_own_loss(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vocabulary, "LOGITS_IN_MEMORY", rows)
    softmax, states, targets, weights = made(samples=11)
    torch.manual_seed(5)
    found = gradients(softmax(states, targets, weights).loss, softmax, states)
    torch.manual_seed(5)
    drawn, correction = softmax.draw_samples(targets)
    own = (states * softmax.weight[targets]).sum(1) + softmax.bias[targets]
    logits = states @ softmax.weight[drawn].T + softmax.bias[drawn] - correction
    logits = logits.masked_fill(drawn == targets.unsqueeze(1), -torch.inf)
    naive = torch.logaddexp(own, logits.logsumexp(1)) - own
    for mine, right in zip(found, gradients((naive * weights).sum(), softmax, states), strict=True):
        assert torch.allclose(mine, right, atol=1e-4)


def test_as_many_samples_as_there_are_tokens_are_no_samples() -> None:
    assert VocabularySoftmax(SIZE, WIDTH, SIZE).samples == 0
