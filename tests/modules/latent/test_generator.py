"""Generator and critic of codes: the losses for texts serve codes, and each code is scored by itself."""

from __future__ import annotations

import pytest
import torch

from sentrep.modules.gan_losses import GAN_LOSSES
from sentrep.modules.latent.generator import CodeCritic, CodeGenerator, as_texts, pearson, spread


def test_generated_codes_are_scaled_as_real_ones() -> None:
    generator = CodeGenerator(prior_width=3, width=5, hidden=7)
    codes = generator(generator.draw(6))
    assert torch.allclose(codes.square().mean(1), torch.ones(6), atol=1e-5)


def test_a_score_depends_on_no_other_code() -> None:
    critic, codes = CodeCritic(4, 8), torch.randn(5, 4)
    assert torch.allclose(critic.score(codes)[2], critic.score(codes[2:3])[0], atol=1e-6)


@pytest.mark.parametrize("name", GAN_LOSSES)
def test_every_loss_and_penalty_serves_codes(name: str) -> None:
    torch.manual_seed(0)
    critic, loss = CodeCritic(4, 8), GAN_LOSSES[name]
    real, fake = torch.randn(6, 4), torch.randn(6, 4)
    scores = critic.score(real), critic.score(fake)
    total = loss.critic(*scores) + loss.penalty(critic, as_texts(real), as_texts(fake))
    total.backward()
    assert all(parameter.grad is not None for parameter in critic.parameters())


def test_the_gradient_penalty_is_0_for_a_slope_of_1_at_each_code() -> None:
    """A critic whose score were the mean of the batch would have a slope of 1 / batch size."""
    torch.manual_seed(0)
    direction = torch.nn.functional.normalize(torch.randn(4), dim=0)
    texts = as_texts(torch.randn(6, 4)), as_texts(torch.randn(6, 4))
    penalty = GAN_LOSSES["wgan-gp"].penalty(lambda tokens, _: tokens[:, 0] @ direction, *texts)
    assert penalty.item() == pytest.approx(0, abs=1e-8)


def test_correlation_and_spread() -> None:
    left = torch.randn(3, 8)
    wanted = torch.stack([torch.corrcoef(torch.stack([row, row.square()]))[0, 1] for row in left])
    assert torch.allclose(pearson(left, left.square()), wanted, atol=1e-5)
    assert spread(torch.ones(4, 3)) == 0
