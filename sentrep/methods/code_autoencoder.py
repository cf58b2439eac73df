"""What the adversarial methods on codes have in common: an auto-encoder whose codes have a mean square of 1,
and sentences from generated codes."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.projection import project
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.code_monitors import MONITORS
from sentrep.methods.code_settings import CodeSettings
from sentrep.methods.monitors import Monitor
from sentrep.modules.decoding import Generator
from sentrep.modules.gan_losses import rightly_ordered
from sentrep.modules.latent.bottleneck import BottleneckOutput
from sentrep.modules.latent.generator import CodeGenerator, spread
from sentrep.modules.reconstruction import ITSELF, gru_decoder, reconstruct
from sentrep.modules.scaling import scale_to_unit_rms

AUTOENCODER = "autoencoder"
"""Name of the first phase."""
CRITIC, GENERATOR = "critic", "generator"
"""Names of the other phases of methods that train these two in turn."""
BETA1 = 0.0
"""β₁ of Adam in the other phases. With the usual .9, a mean over past gradients, generator and critic
oscillate, and all generated codes become alike."""


class CodeAutoencoder(Method):
    """An auto-encoder with noise on its codes, and a generator of codes.

    A subclass trains the generator in the phases after the first, in `adversarial_step`.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = Usability(steps=2000, reason="readable text starts at about 2,000", document_length=1)
    headline_metrics: ClassVar[tuple[str, ...]] = ("code_gap", "critic_accuracy", "spread_ratio")
    critic_steps = 1
    """Steps of the critic for each step of the generator."""

    def __init__(self, config: CodeSettings, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.token_budget, self.code_noise = token_budget, config.code_noise
        self.input_dropout = config.input_dropout
        self.adversarial_start, self.lr_scale = config.adversarial_start, config.adversarial_lr_scale
        self.f = project(make_encoder(), config.code_width)
        self.decoder = gru_decoder(config, token_table(self.f).num_embeddings, config.code_width)
        self.prior = CodeGenerator(config.prior_width, config.code_width, config.hidden_width)

    @abstractmethod
    def adversarial_step(self, codes: Float[Tensor, "sentence code_width"], phase: str) -> Step:
        """The objective of generator and critic, given real codes without gradient."""

    def active_phases(self, progress: float) -> tuple[str, ...]:
        """Returns the phases of a step; that of a critic, where there is one, stands `critic_steps` times."""
        if progress < self.adversarial_start:
            return (AUTOENCODER,)
        times = {CRITIC: self.critic_steps}
        return tuple(phase for phase in self.phases for _ in range(times.get(phase, 1)))

    def parameter_groups(self, phase: str) -> list[Group]:
        """All that is not named in `networks` belongs to the auto-encoder."""
        others = {id(each) for name in self.phases[1:] for each in self.networks(name)}
        if phase != AUTOENCODER:
            return [Group(self.networks(phase), self.lr_scale, BETA1)]
        return [Group([each for each in self.parameters() if each.requires_grad and id(each) not in others])]

    @abstractmethod
    def networks(self, phase: str) -> list[torch.nn.Parameter]:
        """The parameters of a phase after the first."""

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        if phase == AUTOENCODER:
            codes = self.codes(batch)
            output = BottleneckOutput(codes, codes.new_zeros(len(codes)), {})
            return Step(*reconstruct(self.decoder, batch, output, self.input_dropout))
        with torch.no_grad():
            codes = self.codes(batch)
        return self.adversarial_step(codes, phase)

    def codes(self, batch: SentenceBatch) -> Float[Tensor, "sentence code_width"]:
        """Returns the codes of sentences, with noise in training."""
        codes = scale_to_unit_rms(self.embed(batch).float())
        if not self.training:
            return codes
        return scale_to_unit_rms(codes + self.code_noise * torch.randn_like(codes))

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of the sentences themselves from their codes."""
        return self.decoder.generator(to, scale_to_unit_rms(vectors))

    @torch.no_grad()
    def sample_prior(self, count: int) -> Float[Tensor, "count width"]:
        """Generates codes from draws of N(0, 1), from torch's generator."""
        return self.prior(self.prior.draw(count))  # type: ignore[no-any-return]

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders."""
        return (ITSELF,)

    def monitors(self) -> list[Monitor]:
        return MONITORS


def adversarial_metrics(
    real: Float[Tensor, " code"], fake: Float[Tensor, " code"], codes: Tensor, generated: Tensor
) -> dict[str, Tensor]:
    """How often the critic orders a real and a generated code rightly, and how varied generated codes are.

    Args:
        real: scores of real codes, high for real ones.
        fake: scores of generated codes.
        codes: real codes.
        generated: generated codes.
    """
    ratio = spread(generated) / spread(codes).clamp(min=1e-9)
    return {"critic_accuracy": rightly_ordered(real, fake), "spread_ratio": ratio}
