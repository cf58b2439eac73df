"""O-GAN on codes of sentences: the critic is an encoder into the prior, and its score is a mean.

    D(c) = mean(E(c))
    L = D(c) − D(sg ĉ) + [D(ĉ) − D(sg ĉ)] − w ρ(z, E(ĉ)) + (D(c) − D(sg ĉ))² / (4 mean (c − sg ĉ)²)

c is a real code, ĉ = G(z) a generated one, sg stops the gradient, ρ is Pearson's correlation over dimensions.
Real codes have low scores. One phase trains both networks: what the bracket asks of E cancels, and its value
is 0. z is read back from a code as (E − mean E) / std E.

Differs from the paper:
    * Images are codes of an auto-encoder of sentences, the networks multi-layer perceptrons.
    * AdamW with β₁ 0 instead of RMSprop.

Data: sentences; their order does not matter.

Reference:
    "O-GAN: extremely concise approach for auto-encoding generative adversarial networks", Su 2019, section 2.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.methods.base import MakeEncoder, Step
from sentrep.methods.code_autoencoder import AUTOENCODER, CodeAutoencoder, adversarial_metrics
from sentrep.methods.code_monitors import UNUSED_PRIOR
from sentrep.methods.monitors import Monitor
from sentrep.methods.o_gan.config import OGANConfig
from sentrep.modules.latent.generator import mlp, pearson

ADVERSARY = "adversary"


class OGAN(CodeAutoencoder):
    """An auto-encoder with a generator of codes, and an encoder of codes that is the critic.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    phases = (AUTOENCODER, ADVERSARY)
    headline_metrics = (*CodeAutoencoder.headline_metrics, "prior_correlation")

    def __init__(self, config: OGANConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__(config, make_encoder, token_budget)
        self.config = config
        self.reader = mlp(config.code_width, config.hidden_width, config.prior_width)

    def networks(self, phase: str) -> list[torch.nn.Parameter]:
        return [*self.prior.parameters(), *self.reader.parameters()]

    def adversarial_step(self, codes: Float[Tensor, "sentence code_width"], phase: str) -> Step:
        draws = self.prior.draw(len(codes), codes.device)
        generated = self.prior(draws)
        fixed, read = generated.detach(), self.reader(generated).float()
        real, fake, other = (each.float().mean(1) for each in (self.reader(codes), self.reader(fixed), read))
        gap, distance = real - fake, (codes - fixed).square().mean(1)
        correlation = pearson(draws, read).mean()
        loss = (gap + other - fake + gap.square() / (4 * distance.clamp(min=1e-6))).mean()
        metrics = adversarial_metrics(-real, -fake, codes, generated)
        metrics["prior_correlation"] = correlation.detach()
        return Step(loss - self.config.correlation_weight * correlation, metrics)

    @torch.no_grad()
    def read_back(self, codes: Float[Tensor, "sentence code_width"]) -> Float[Tensor, "sentence prior_width"]:
        """Returns the draws that codes come from, as far as they can be read back."""
        read = self.reader(codes).float()
        return (read - read.mean(1, keepdim=True)) / read.std(1, keepdim=True)  # type: ignore[no-any-return]

    def monitors(self) -> list[Monitor]:
        return [*super().monitors(), UNUSED_PRIOR]
