"""Losses against values worked by hand, penalties against closed forms and finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from sentrep.modules.discriminators import ConvCritic, StepCritic
from sentrep.modules.gan_losses import (
    GAN_LOSSES,
    EmbeddedTexts,
    divergence_penalty,
    gradient_penalty,
    input_gradient,
    quadratic_penalty,
)
from tests.errors import refuses

REAL, FAKE = [1.0, 0.0, 2.0], [-1.0, 0.5, 0.0]


def softplus(value: float) -> float:
    return math.log(1 + math.exp(value))


PAIRS = [fake - real for real in REAL for fake in FAKE]
BY_HAND = {
    "standard": (
        (softplus(-1) + softplus(0) + softplus(-2)) / 3 + (softplus(-1) + softplus(0.5) + softplus(0)) / 3,
        (softplus(1) + softplus(-0.5) + softplus(0)) / 3,
    ),
    "wgan-gp": (-0.5 / 3 - 1.0, 1.0 + 0.5 / 3),
    "wgan-div": (-0.5 / 3 - 1.0, 1.0 + 0.5 / 3),
    "rsgan": (sum(map(softplus, PAIRS)) / 9, sum(softplus(-pair) for pair in PAIRS) / 9),
    "gan-qp": (-0.5 / 3 - 1.0, 1.0 + 0.5 / 3),
}


@pytest.mark.parametrize("name", GAN_LOSSES)
def test_three_scores_by_hand(name: str) -> None:
    critic, generator, *_ = GAN_LOSSES[name]
    real, fake = torch.tensor(REAL), torch.tensor(FAKE)
    assert critic(real, fake).item() == pytest.approx(BY_HAND[name][0], abs=1e-6)
    assert generator(real, fake).item() == pytest.approx(BY_HAND[name][1], abs=1e-6)


@pytest.mark.parametrize("name", GAN_LOSSES)
def test_the_critic_parts_the_scores_and_the_generator_lifts_its_own(name: str) -> None:
    real, fake = (torch.tensor(scores, requires_grad=True) for scores in (REAL, FAKE))
    of_real, of_fake = torch.autograd.grad(GAN_LOSSES[name].critic(real, fake), [real, fake])
    assert (of_real < 0).all()
    assert (of_fake > 0).all()
    (of_fake,) = torch.autograd.grad(GAN_LOSSES[name].generator(real, fake), [fake])
    assert (of_fake < 0).all()


def rows(seed: int, lengths: tuple[int, ...] = (4, 2, 3), width: int = 4) -> EmbeddedTexts:
    random = torch.Generator().manual_seed(seed)
    mask = torch.arange(width) < torch.tensor(lengths).unsqueeze(1)
    return EmbeddedTexts(torch.randn(len(lengths), width, 3, generator=random), mask)


def linear(weight: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """D(x) = Σ w_position · x_position, whose gradient is w wherever it is taken, at the positions that are
    alive."""
    return lambda tokens, mask: (tokens * weight * mask.unsqueeze(2)).sum((1, 2))


@pytest.mark.parametrize(("penalty", "form"), [
    (gradient_penalty, lambda norms: 10 * (norms - 1).square().mean()),
    (divergence_penalty, lambda norms: 2 * norms.pow(6).mean()),
])  # fmt: skip
def test_penalties_of_a_linear_critic_in_closed_form(
    penalty: Callable[..., Tensor], form: Callable[[Tensor], Tensor]
) -> None:
    real, fake = rows(0), rows(1, (3, 4, 1))
    weight = torch.randn(4, 3, generator=torch.Generator().manual_seed(2), requires_grad=True)
    reached = real.mask | fake.mask  # between a short text and a long one lies a long one
    norms = torch.stack([weight[there].norm() for there in reached])
    wanted, found = form(norms), penalty(linear(weight), real, fake)
    assert found.item() == pytest.approx(wanted.item(), rel=1e-5)
    of_wanted, of_found = (torch.autograd.grad(value, weight)[0] for value in (wanted, found))
    assert torch.allclose(of_wanted, of_found, rtol=1e-4)


@pytest.mark.parametrize("penalty", [gradient_penalty, divergence_penalty, quadratic_penalty])
def test_penalties_against_finite_differences_in_the_weights(penalty: Callable[..., Tensor]) -> None:
    """A critic with curves, and the same points between real and fake at every call."""
    torch.manual_seed(0)
    inner, outer = torch.randn(3, 6, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    real, fake = rows(0), rows(1)

    def value(inner: Tensor) -> Tensor:
        torch.manual_seed(4)

        def curved(tokens: Tensor, mask: Tensor) -> Tensor:
            return ((torch.tanh(tokens.double() @ inner) @ outer) * mask).sum(1) / 4

        return penalty(curved, real, fake).double()

    inner.requires_grad_()
    (gradient,) = torch.autograd.grad(value(inner), inner)
    for place in [(0, 0), (1, 3), (2, 5)]:
        step = torch.zeros_like(inner)
        step[place] = 1e-3
        difference = (value(inner + step) - value(inner - step)).item() / 2e-3
        assert gradient[place].item() == pytest.approx(difference, rel=1e-2, abs=1e-3)


def test_slopes_are_finite_differences_of_the_critic() -> None:
    real, fake, weight = rows(0), rows(1), torch.randn(3, 5, generator=torch.Generator().manual_seed(2))

    def curved(tokens: Tensor, mask: Tensor) -> Tensor:
        return (torch.sin(tokens @ weight).sum(2) * mask).sum(1)

    torch.manual_seed(4)
    found = input_gradient(curved, real, fake).view(3, 4, 3)
    torch.manual_seed(4)
    share = torch.rand(3, 1, 1)
    between = (share * real.tokens + (1 - share) * fake.tokens) * real.mask.unsqueeze(2)
    for place in [(0, 0, 0), (0, 3, 2), (1, 1, 1), (2, 2, 0)]:
        step = torch.zeros_like(between)
        step[place] = 1e-2
        difference = (curved(between + step, real.mask) - curved(between - step, real.mask))[place[0]] / 2e-2
        assert found[place].item() == pytest.approx(difference.item(), abs=1e-2)
    assert (found[~real.mask] == 0).all()


def test_the_quadratic_penalty_by_hand() -> None:
    real = EmbeddedTexts(torch.tensor([[[1.0], [2.0], [9.0]]]), torch.tensor([[True, True, False]]))
    fake = EmbeddedTexts(torch.tensor([[[3.0]]]), torch.tensor([[True]]))
    # Over the two positions at which one of them is alive the distance is (|1 − 3| + |2 − 0|) / 2 = 2.
    same = linear(torch.tensor([[1.0]]))  # scores 1 + 2 and 3
    assert quadratic_penalty(same, real, fake).item() == 0
    other = linear(torch.tensor([[1.0], [3.0], [5.0]]))  # scores 1 + 3 · 2 and 3
    assert quadratic_penalty(other, real, fake).item() == pytest.approx(4**2 / (2 * 10 * 2))
    assert quadratic_penalty(other, fake, real).item() == pytest.approx(4**2 / (2 * 10 * 2))


@pytest.mark.parametrize("name", GAN_LOSSES)
@pytest.mark.parametrize("kind", [ConvCritic, StepCritic])
def test_padding_changes_nothing_and_autocast_little(
    name: str, kind: type[ConvCritic] | type[StepCritic]
) -> None:
    torch.manual_seed(0)
    network = kind(3, 8)
    real, fake = rows(0, (4, 2, 3), 6), rows(1)

    def score(tokens: Tensor, mask: Tensor) -> Tensor:
        scores: Tensor = network(tokens, mask)
        return scores if scores.dim() == 1 else scores.sum(1) / mask.sum(1)

    def penalty(real: EmbeddedTexts, bfloat16: bool = False) -> Tensor:
        torch.manual_seed(3)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            return GAN_LOSSES[name].penalty(score, real, fake)

    rubbish = EmbeddedTexts(real.tokens.where(real.mask.unsqueeze(2), torch.nan), real.mask)
    wanted = penalty(real)
    assert torch.equal(penalty(rubbish), wanted)
    assert torch.equal(penalty(real, bfloat16=True), wanted)  # a penalty is a matter of fp32
    assert torch.allclose(penalty(EmbeddedTexts(real.tokens[:, :4], real.mask[:, :4])), wanted, rtol=1e-4)
    with torch.no_grad():  # as in validation
        assert penalty(real).item() == pytest.approx(wanted.item())
    if name not in ("standard", "rsgan"):
        wanted.backward()
        assert all(
            parameter.grad is None or parameter.grad.isfinite().all() for parameter in network.parameters()
        )
        assert any(
            parameter.grad is not None and parameter.grad.abs().max() > 0
            for parameter in network.parameters()
        )


@pytest.mark.parametrize("name", GAN_LOSSES)
def test_each_pair_of_losses_moves_words_towards_the_real_ones(name: str) -> None:
    """Soft words of a generator that is nothing but logits, against a language of one text, learnt through
    the softmax."""
    torch.manual_seed(0)
    critic_loss, generator_loss, penalty, _ = GAN_LOSSES[name]
    network = ConvCritic(8, 16, blocks=1)
    logits = torch.zeros(16, 3, 8).requires_grad_()
    texts = torch.eye(8)[torch.tensor([5, 1, 6])].expand(16, 3, 8)
    mask = torch.ones(16, 3, dtype=torch.bool)
    of_critic, of_words = torch.optim.Adam(network.parameters(), 5e-3), torch.optim.Adam([logits], 0.1)
    for _ in range(60):
        fake = logits.detach().softmax(2)
        loss = critic_loss(network(texts, mask), network(fake, mask)) + penalty(
            network, EmbeddedTexts(texts, mask), EmbeddedTexts(fake, mask)
        )
        of_critic.zero_grad()
        loss.backward()
        of_critic.step()
        of_words.zero_grad()
        generator_loss(network(texts, mask).detach(), network(logits.softmax(2), mask)).backward()
        of_words.step()
    written = logits.detach().softmax(2)[:, range(3), [5, 1, 6]].mean()
    assert written > 0.3  # at first each word has 1/8


def test_uneven_counts_cannot_be_paired() -> None:
    with refuses(ValueError):
        gradient_penalty(linear(torch.ones(4, 3)), rows(0), rows(1, (1, 2)))
