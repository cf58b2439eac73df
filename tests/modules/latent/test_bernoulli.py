"""Binary codes against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, kl_divergence

from sentrep.modules.latent.bernoulli import BernoulliBottleneck, code_stats, kl_to_fair, straight_through


def test_the_divergence_is_that_of_torch() -> None:
    log_odds = 3 * torch.randn(5, 3)
    expected = kl_divergence(Bernoulli(logits=log_odds), Bernoulli(torch.full((5, 3), 0.5)))
    torch.testing.assert_close(kl_to_fair(log_odds), expected, atol=1e-6, rtol=1e-5)


def test_certain_bits_have_a_finite_gradient() -> None:
    vectors = torch.tensor([[200.0, -200.0] * 4, [200.0, -200.0] * 4], requires_grad=True)
    output = BernoulliBottleneck(8)(vectors, 1.0)
    torch.testing.assert_close(output.penalty, torch.full((2,), 8 * 1.02 * math.log(2)), atol=1e-3, rtol=0)
    (output.penalty + output.latent.sum(1)).sum().backward()
    assert torch.isfinite(vectors.grad).all()


def test_the_penalty_written_as_loops() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(6, 8)
    penalty = BernoulliBottleneck(8, weight=0.3, balance=2.0).eval()(vectors, 1.0).penalty
    p = vectors.sigmoid().double().numpy()

    def kl(value: float) -> float:
        return value * math.log(2 * value) + (1 - value) * math.log(2 * (1 - value))

    together = sum(kl(p[:, bit].mean()) for bit in range(8))
    for row in range(6):
        each = sum(kl(p[row, bit]) for bit in range(8))
        assert penalty[row].item() == pytest.approx(0.3 * each + 2.0 * together, abs=1e-5)


def test_the_weight_rises_while_training() -> None:
    bottleneck, vectors = BernoulliBottleneck(8, weight=1.0, balance=0.0, warmup=0.5), torch.randn(4, 8)
    half, full = (bottleneck(vectors, progress).penalty for progress in (0.25, 0.5))
    torch.testing.assert_close(2 * half, full)
    assert not bottleneck(vectors, 0.0).penalty.any()


def test_samples_are_bits_with_the_gradient_of_their_probabilities() -> None:
    torch.manual_seed(0)
    log_odds = torch.full((4000, 1), 0.8, requires_grad=True)
    sample = straight_through(log_odds)
    assert set(sample.detach().round(decimals=5).unique().tolist()) == {0.0, 1.0}
    assert sample.mean().item() == pytest.approx(torch.sigmoid(torch.tensor(0.8)).item(), abs=0.03)
    sample.sum().backward()
    p = torch.sigmoid(torch.tensor(0.8))
    torch.testing.assert_close(log_odds.grad, (p * (1 - p)).expand(4000, 1))


@pytest.mark.parametrize("bits", [8, 64, 24])
def test_packed_codes_come_back(bits: int) -> None:
    bottleneck, vectors = BernoulliBottleneck(bits), torch.randn(50, bits)
    packed = bottleneck.pack(vectors)
    assert packed.shape == (50, bits // 8)
    assert packed.dtype == torch.uint8
    torch.testing.assert_close(bottleneck.unpack(packed), (vectors > 0).float())


def test_the_prior_has_fair_bits() -> None:
    torch.manual_seed(0)
    codes = BernoulliBottleneck(16).mode(BernoulliBottleneck(16).sample_prior(2000))
    np.testing.assert_allclose(codes.mean(0), 0.5, atol=0.06)


def test_statistics_of_codes() -> None:
    repeated = torch.tensor([[1, 1, 0], [0, 0, 0], [1, 1, 1], [0, 0, 1]]).bool()
    found = code_stats(repeated)
    assert found["bit_entropy"].item() == pytest.approx(1.0, abs=1e-4)
    assert found["bit_correlation"].item() == pytest.approx(1 / 3)  # one pair of three is equal
    assert found["distinct_codes"].item() == 1.0
    assert code_stats(torch.ones(5, 4).bool())["bit_entropy"].item() < 1e-4
