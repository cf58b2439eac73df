"""Adversarial generator of codes: an auto-encoder, and a generator whose codes a critic cannot tell from real
ones.

    phase autoencoder    − log p(x | c)             c = unit(f(x)) + noise, scaled to a mean square of 1
    phase critic         loss.critic(D(c), D(G(z))) + penalty            z ~ N(0, 1)
    phase generator      loss.generator(D(c), D(G(z)))

The losses are those of `modules.gan_losses`: standard, Wasserstein with two penalties, relativistic, GAN-QP.

Differs from the paper (ARAE):
    * The critic is a multi-layer perceptron whose score is that of each code, not the mean of the batch; so
      a gradient penalty bounds the slope at each code.
    * Generated codes are normalised as real ones are; no layer normalises over the batch.
    * The critic passes no gradient to the encoder.
    * The noise on codes stays the same (it decays in the released code), and the weight of the gradient
      penalty is that of the paper of WGAN-GP, 10 (1 there).
    * β₁ of Adam is 0 for critic and generator (.5 in the paper).

Data: sentences; their order does not matter.

Reference:
    "Adversarially regularized autoencoders", Zhao, Kim, Zhang, Rush & LeCun, ICML 2018.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.methods.base import MakeEncoder, Step
from sentrep.methods.code_autoencoder import (
    AUTOENCODER,
    CRITIC,
    GENERATOR,
    CodeAutoencoder,
    adversarial_metrics,
)
from sentrep.methods.latent_gan.config import LatentGANConfig
from sentrep.modules.gan_losses import GAN_LOSSES
from sentrep.modules.latent.generator import CodeCritic, as_texts


class LatentGAN(CodeAutoencoder):
    """An auto-encoder with a generator and a critic of codes.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    phases = (AUTOENCODER, CRITIC, GENERATOR)

    def __init__(self, config: LatentGANConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__(config, make_encoder, token_budget)
        self.config, self.critic_steps = config, config.critic_steps
        self.critic = CodeCritic(config.code_width, config.hidden_width)

    def networks(self, phase: str) -> list[torch.nn.Parameter]:
        return list((self.critic if phase == CRITIC else self.prior).parameters())

    def adversarial_step(self, codes: Float[Tensor, "sentence code_width"], phase: str) -> Step:
        loss = GAN_LOSSES[self.config.gan_loss]
        generated = self.prior(self.prior.draw(len(codes), codes.device))
        if phase == CRITIC:
            generated = generated.detach()
        real, fake = self.critic.score(codes), self.critic.score(generated)
        metrics = adversarial_metrics(real, fake, codes, generated)
        if phase == GENERATOR:
            return Step(loss.generator(real, fake), {"spread_ratio": metrics["spread_ratio"]})
        penalty = loss.penalty(self.critic, as_texts(codes), as_texts(generated))
        return Step(loss.critic(real, fake) + penalty, metrics)
