"""The adversarial generator of codes: its phases, and what each of them trains."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from sentrep.methods.latent_gan.config import LatentGANConfig
from sentrep.methods.latent_gan.method import LatentGAN
from sentrep.modules.gan_losses import GAN_LOSSES
from sentrep.utils.errors import InputError
from tests import toy, toy_run


def method(**settings: Any) -> LatentGAN:
    made: LatentGAN = toy_run.make("latent-gan", toy_run.CODES | settings)
    return made.eval()


def test_the_critic_starts_after_the_auto_encoder() -> None:
    made = method(critic_steps=2, adversarial_start=0.3)
    assert made.active_phases(0.2) == ("autoencoder",)
    assert made.active_phases(0.3) == ("autoencoder", "critic", "critic", "generator")


@pytest.mark.parametrize("loss", GAN_LOSSES)
def test_the_losses_are_those_over_the_scores_of_codes(loss: str) -> None:
    made, batch = method(gan_loss=loss), toy.batches().batch(0, 0)
    with torch.no_grad():
        codes = made.codes(batch)
        torch.manual_seed(3)
        generated = made.prior(made.prior.draw(len(codes)))
        wanted = GAN_LOSSES[loss].generator(made.critic.score(codes), made.critic.score(generated))
        torch.manual_seed(3)
        assert torch.allclose(made(batch, "generator").loss, wanted)


def test_neither_critic_nor_generator_changes_the_encoder() -> None:
    made, batch = method(), toy.batches().batch(0, 0)
    for phase, trained in (("critic", made.critic), ("generator", made.prior)):
        made.zero_grad()
        made(batch, phase).loss.backward()
        assert all(parameter.grad is None for parameter in made.f.parameters())
        assert all(parameter.grad is not None for parameter in trained.parameters())


def test_codes_have_noise_in_training_only_and_one_scale() -> None:
    made, batch = method(code_noise=0.3), toy.batches().batch(0, 0)
    assert torch.equal(made.codes(batch), made.codes(batch))
    made.train()
    assert not torch.equal(made.codes(batch), made.codes(batch))
    assert torch.allclose(made.codes(batch).square().mean(1), torch.ones(len(batch)), atol=1e-4)
    assert torch.allclose(made.sample_prior(4).square().mean(1), torch.ones(4), atol=1e-4)


@pytest.mark.parametrize(
    "settings", [{"critic_steps": 0}, {"code_width": 0}, {"adversarial_start": 2.0}], ids=str
)
def test_bad_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError) as error:
        LatentGANConfig(**settings)
    assert error.value.setting == next(iter(settings))
