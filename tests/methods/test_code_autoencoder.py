"""Training of generators of codes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sentrep.methods.code_autoencoder import AUTOENCODER, CodeAutoencoder
from sentrep.modules.latent.generator import spread
from sentrep.modules.scaling import scale_to_unit_rms
from sentrep.training.config import TrainingConfig
from sentrep.training.optimization import make_optimizer, set_lr
from tests import toy_run

WIDTH, STEPS = 24, 200


def method(name: str) -> CodeAutoencoder:
    made: CodeAutoencoder = toy_run.make(name, toy_run.CODES | {"hidden_width": 64})
    return made


def codes() -> Tensor:
    """Codes that have much in common, as those of sentences do."""
    return scale_to_unit_rms(torch.ones(64, WIDTH) + 0.7 * torch.randn(64, WIDTH))


@pytest.mark.parametrize(
    ("name", "adversarial"),
    [
        ("latent-gan", ("critic",) * 3 + ("generator",)),
        ("bigan", ("critic",) * 3 + ("generator",)),
        ("o-gan", ("adversary",)),
    ],
)
def test_the_critic_takes_several_steps_once_the_auto_encoder_is_trained(
    name: str, adversarial: tuple[str, ...]
) -> None:
    steps = {} if name == "o-gan" else {"critic_steps": 3}
    made = toy_run.make(name, toy_run.CODES | steps)
    assert made.active_phases(0.29) == (AUTOENCODER,)
    assert made.active_phases(0.3) == (AUTOENCODER, *adversarial)


@pytest.mark.parametrize("name", ["latent-gan", "bigan"])
def test_generated_codes_vary_as_much_as_real_ones(name: str) -> None:
    torch.manual_seed(0)
    made = method(name)
    phases = made.active_phases(1.0)[1:]
    optimizers = {phase: make_optimizer(made, phase, 5e-3, TrainingConfig()) for phase in set(phases)}
    for _ in range(STEPS):
        for phase in phases:
            made.zero_grad()
            made.adversarial_step(codes(), phase).loss.backward()
            optimizers[phase].step()
    # With β₁ .9 it is .64 and .46.
    assert spread(made.sample_prior(500)) / spread(codes()) > 0.75


@pytest.mark.parametrize("name", ["latent-gan", "o-gan", "bigan"])
def test_adversarial_phases_have_no_mean_of_gradients_and_a_learning_rate_of_their_own(name: str) -> None:
    made = method(name)
    for phase in made.phases:
        optimizer = make_optimizer(made, phase, 1.0, TrainingConfig())
        set_lr(optimizer, 0.5)
        (group,) = optimizer.param_groups
        wanted = (0.9, 0.5) if phase == AUTOENCODER else (0.0, 0.1)
        assert (group["betas"][0], group["lr"]) == pytest.approx(wanted)
