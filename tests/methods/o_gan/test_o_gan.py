"""O-GAN's objective against a loop over codes, and the gradients that cancel."""

from __future__ import annotations

import pytest
import torch

from sentrep.methods.o_gan.method import OGAN
from tests import toy, toy_run


def method(**settings: float) -> OGAN:
    made: OGAN = toy_run.make("o-gan", toy_run.CODES | settings)
    return made.eval()


@torch.no_grad()
def test_the_objective_is_that_of_a_loop() -> None:
    made, batch = method(correlation_weight=0.5), toy.batches().batch(0, 0)
    codes = made.codes(batch)
    torch.manual_seed(3)
    draws = made.prior.draw(len(codes))
    terms = []
    for code, draw in zip(codes, draws, strict=True):
        fake = made.prior(draw.unsqueeze(0))[0]
        read = made.reader(fake)
        gap = made.reader(code).mean() - read.mean()
        correlation = torch.corrcoef(torch.stack([draw, read]))[0, 1]
        terms.append(gap + gap**2 / (4 * (code - fake).square().mean()) - 0.5 * correlation)
    torch.manual_seed(3)
    assert torch.allclose(made(batch, "adversary").loss, torch.stack(terms).mean(), atol=1e-4)


def test_the_generator_lowers_its_own_score_and_the_critic_does_not_feel_that() -> None:
    """Without the correlation, the critic's gradient is that of the terms with stopped codes alone."""
    made, batch = method(correlation_weight=0.0), toy.batches().batch(0, 0)
    torch.manual_seed(3)
    made(batch, "adversary").loss.backward()
    found = [parameter.grad.clone() for parameter in made.reader.parameters() if parameter.grad is not None]
    made.zero_grad()
    torch.manual_seed(3)
    codes = made.codes(batch).detach()
    fake = made.prior(made.prior.draw(len(codes))).detach()
    gap = made.reader(codes).mean(1) - made.reader(fake).mean(1)
    (gap + gap.square() / (4 * (codes - fake).square().mean(1))).mean().backward()
    wanted = [parameter.grad for parameter in made.reader.parameters() if parameter.grad is not None]
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(found, wanted, strict=True))


def test_what_is_read_back_is_standardised() -> None:
    made = method()
    read = made.read_back(made.sample_prior(5))
    assert torch.allclose(read.mean(1), torch.zeros(5), atol=1e-5)
    assert read.std(1).tolist() == pytest.approx([1.0] * 5, abs=1e-4)
