"""KL, free bits, mutual information and the Gaussian bottleneck against hand-worked values and torch."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from sentrep.modules.latent.bottleneck import Identity, latent_stats
from sentrep.modules.latent.gaussian import (
    GaussianBottleneck,
    free_bits,
    kl_to_standard_normal,
    mutual_information,
)
from sentrep.utils.errors import InputError


def test_kl_is_that_of_torch_and_of_the_formula() -> None:
    mean, deviation = torch.randn(5, 3), torch.rand(5, 3) + 0.1
    wanted = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0))
    assert torch.allclose(kl_to_standard_normal(mean, deviation), wanted, atol=1e-5)
    by_hand = 0.5 * (0.25 + 4 - 1 - math.log(4))  # mean .5, deviation 2
    assert kl_to_standard_normal(torch.tensor([[0.5]]), torch.tensor([[2.0]])).item() == pytest.approx(
        by_hand
    )


def test_free_bits_compare_means_over_the_batch_not_single_sentences() -> None:
    kl = torch.tensor([[0.0, 2.0], [0.8, 0.0]], requires_grad=True)
    penalty = free_bits(kl, 0.5)
    assert penalty.mean().item() == pytest.approx(0.5 + 1.0)  # the means are .4 and 1
    penalty.mean().backward()
    assert kl.grad is not None
    assert torch.equal(kl.grad, torch.tensor([[0.0, 0.5], [0.0, 0.5]]))


def test_mutual_information_is_0_without_information_and_log_n_with_all_of_it() -> None:
    same, far = torch.zeros(8, 2), torch.arange(8.0).unsqueeze(1) * 1000
    assert mutual_information(same, torch.ones(8, 2), torch.randn(8, 2)).item() == pytest.approx(0, abs=1e-5)
    assert mutual_information(far, torch.ones(8, 1), far).item() == pytest.approx(math.log(8), abs=1e-4)


def test_the_bottleneck_samples_in_training_and_returns_the_mean_otherwise() -> None:
    torch.manual_seed(0)
    bottleneck, vectors = GaussianBottleneck(4, warmup=0.5, floor=0.1), torch.randn(6, 4)
    assert not torch.equal(bottleneck(vectors, 0.0).latent, bottleneck(vectors, 0.0).latent)
    assert bottleneck(vectors, 0.0).penalty.abs().sum() == 0
    half, full = bottleneck(vectors, 0.25).penalty, bottleneck(vectors, 0.5).penalty
    assert torch.allclose(2 * half, full)
    assert bottleneck(vectors, 0.0).draw is None
    bottleneck.eval()
    torch.manual_seed(0)
    output = bottleneck(vectors, 0.0)
    assert torch.equal(output.latent, vectors)
    torch.manual_seed(0)
    assert output.draw is not None
    assert torch.equal(output.draw, bottleneck.posterior(vectors).sample())
    wanted = kl_to_standard_normal(*bottleneck.posterior(vectors)).sum(1)
    assert torch.allclose(output.penalty, wanted)
    halves = output.metrics["mutual_information"] + output.metrics["marginal_kl"]
    assert torch.allclose(halves, output.metrics["kl"])
    assert bottleneck.sample_prior(3).shape == (3, 4)


def test_identity_has_neither_prior_nor_bytes() -> None:
    vectors = torch.randn(2, 3)
    assert torch.equal(Identity()(vectors, 0.0).latent, vectors)
    for call in (lambda: Identity().sample_prior(1), lambda: Identity().pack(vectors)):
        with pytest.raises(InputError):
            call()


def test_active_units() -> None:
    latent = torch.stack([torch.linspace(-1, 1, 9), torch.full((9,), 3.0)], 1)
    assert latent_stats(latent)["active_units"] == 0.5
