"""BiGAN-QP on codes of sentences: a critic of pairs tells (code, read draw) from (generated code, draw).

    Δ = T(c, E(c)) − T(G(z), z)
    critic       − Δ + Δ² / (20 (|c − G(z)| + |E(c) − z|))
    generator    Δ + a ‖z − E(sg G(z))‖² + b ‖c − G(sg E(c))‖²

c is a real code, z ~ N(0, 1), all norms are means over dimensions. E reads the draw of a code; G generates a
code from a draw.

Differs from the paper:
    * Images are codes of an auto-encoder of sentences, the networks multi-layer perceptrons.
    * β₁ of Adam is 0 for critic and generator (.5 in the author's code).

Data: sentences; their order does not matter.

Reference:
    "GAN-QP: a novel GAN framework without gradient vanishing and Lipschitz constraint", Su 2018, section 3;
    the author's code of BiGAN-QP.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.methods.base import MakeEncoder, Step
from sentrep.methods.bigan.config import BiGANConfig
from sentrep.methods.code_autoencoder import (
    AUTOENCODER,
    CRITIC,
    GENERATOR,
    CodeAutoencoder,
    adversarial_metrics,
)
from sentrep.methods.code_monitors import UNUSED_PRIOR
from sentrep.methods.monitors import Monitor
from sentrep.modules.gan_losses import QP_WEIGHT
from sentrep.modules.latent.generator import mlp, pearson


class BiGAN(CodeAutoencoder):
    """An auto-encoder with a generator and an encoder of codes, and a critic of pairs.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    phases = (AUTOENCODER, CRITIC, GENERATOR)
    headline_metrics = (*CodeAutoencoder.headline_metrics, "prior_correlation")

    def __init__(self, config: BiGANConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__(config, make_encoder, token_budget)
        self.config, self.critic_steps = config, config.critic_steps
        self.reader = mlp(config.code_width, config.hidden_width, config.prior_width)
        self.critic = mlp(config.code_width + config.prior_width, config.hidden_width, 1, bias=False)

    def networks(self, phase: str) -> list[torch.nn.Parameter]:
        if phase == CRITIC:
            return list(self.critic.parameters())
        return [*self.prior.parameters(), *self.reader.parameters()]

    def adversarial_step(self, codes: Float[Tensor, "sentence code_width"], phase: str) -> Step:
        draws = self.prior.draw(len(codes), codes.device)
        generated, read = self.prior(draws), self.reader(codes).float()
        if phase == CRITIC:
            generated, read = generated.detach(), read.detach()
        real, fake = self.score(codes, read), self.score(generated, draws)
        gap, metrics = real - fake, adversarial_metrics(real, fake, codes, generated)
        if phase == CRITIC:
            distance = (codes - generated).abs().mean(1) + (read - draws).abs().mean(1)
            penalty = gap.square() / (2 * QP_WEIGHT * distance.clamp(min=1e-6))
            return Step((penalty - gap).mean(), metrics)
        back = self.reader(generated.detach()).float()
        draw_error = (draws - back).square().mean()
        code_error = (codes - self.prior(read.detach())).square().mean()
        loss = gap.mean() + self.config.draw_weight * draw_error + self.config.code_weight * code_error
        metrics["prior_correlation"] = pearson(draws, back).mean().detach()
        return Step(loss, {name: metrics[name] for name in ("spread_ratio", "prior_correlation")})

    def score(
        self, codes: Float[Tensor, "pair code_width"], draws: Float[Tensor, "pair prior_width"]
    ) -> Float[Tensor, " pair"]:
        """Returns the critic's score of pairs."""
        return self.critic(torch.cat([codes, draws], 1)).squeeze(1).float()  # type: ignore[no-any-return]

    def monitors(self) -> list[Monitor]:
        return [*super().monitors(), UNUSED_PRIOR]
