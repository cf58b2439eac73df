"""The critic: from token ids to its own loss, the generator's loss and rewards."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from sentrep.modules.discriminators import ConvCritic, StepCritic
from sentrep.modules.gan_losses import GAN_LOSSES, EmbeddedTexts
from sentrep.modules.padding import Texts

TEMPERATURE = 0.5
"""Temperature of straight-through samples ("SEQ3", Baziotis et al., NAACL 2019: .5)."""

SoftTokens = Float[Tensor, "text step vocab_and_end"]
"""Distributions over tokens, through which a gradient can pass."""


class Critic(nn.Module):
    """Tells example summaries from generated ones.

    Args:
        vocab: number of token ids, including the end.
        token_width: width of token embeddings.
        width: width of states.
        stepwise: whether it scores every prefix, for rewards, or whole texts.
        gan_loss: name in `modules.gan_losses.GAN_LOSSES`.
        straight_through: whether soft tokens are read as the hard tokens that they surround, and only pass
            the gradient.
    """

    def __init__(
        self, vocab: int, token_width: int, width: int, stepwise: bool, gan_loss: str, straight_through: bool
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocab, token_width)
        self.network = (StepCritic if stepwise else ConvCritic)(token_width, width)
        self.loss, self.straight_through = GAN_LOSSES[gan_loss], straight_through

    def forward(
        self, real: Texts, generated: Texts, soft: SoftTokens | None = None
    ) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
        """Returns the critic's loss, and its accuracy and score gap.

        Args:
            real: example summaries with their ends.
            generated: summaries of the generator with their ends.
            soft: distributions of the generated tokens, if these are read instead of the tokens; they get no
                gradient.
        """
        real_texts = self.embed(real)
        fake_texts = self.embed(generated, None if soft is None else soft.detach())
        real_scores, fake_scores = self.scores(real_texts), self.scores(fake_texts)
        penalty = self.loss.penalty(lambda *texts: self.scores(EmbeddedTexts(*texts)), real_texts, fake_texts)
        metrics = {
            "critic_accuracy": self.loss.accuracy(real_scores, fake_scores),
            "critic_gap": (real_scores.mean() - fake_scores.mean()).detach(),
        }
        return self.loss.critic(real_scores, fake_scores) + penalty, metrics

    def generator_loss(self, real: Texts, generated: Texts, soft: SoftTokens) -> Float[Tensor, ""]:
        """Returns the loss of the generator; the critic's parameters get no gradient."""
        real_texts, fake_texts = self.embed(real, frozen=True), self.embed(generated, soft, frozen=True)
        return self.loss.generator(self.scores(real_texts, frozen=True), self.scores(fake_texts, frozen=True))

    @torch.no_grad()
    def real_probability(self, generated: Texts) -> Float[Tensor, "text step"]:
        """Returns the probability that each prefix of the texts is real, for a stepwise critic."""
        scores: Tensor = self.network(self.embedding(generated.ids), generated.mask)
        return scores.sigmoid()

    def embed(self, texts: Texts, soft: SoftTokens | None = None, frozen: bool = False) -> EmbeddedTexts:
        """Returns token vectors, of soft tokens if these are given."""
        table = self.embedding.weight.detach() if frozen else self.embedding.weight
        return EmbeddedTexts(embed_tokens(table, texts, soft, self.straight_through), texts.mask)

    def scores(self, texts: EmbeddedTexts, frozen: bool = False) -> Float[Tensor, " score"]:
        """Returns the score of each text, or of each token for a stepwise critic."""
        parameters = {
            name: each.detach() if frozen else each for name, each in self.network.named_parameters()
        }
        scores: Tensor = functional_call(self.network, parameters, tuple(texts))
        return scores[texts.mask] if scores.dim() == 2 else scores


def gumbel_softmax(probabilities: SoftTokens, noise: Float[Tensor, "text step vocab_and_end"]) -> SoftTokens:
    """Returns distributions that are concentrated on the tokens sampled with this Gumbel noise."""
    return ((probabilities.clamp(min=1e-30).log() + noise) / TEMPERATURE).softmax(2)


def embed_tokens(
    table: Float[Tensor, "row token_width"], texts: Texts, soft: SoftTokens | None, straight_through: bool
) -> Float[Tensor, "text step token_width"]:
    """Returns token vectors: of hard tokens, of soft ones, or hard ones with the gradient of soft ones."""
    hard = F.embedding(texts.ids, table)
    if soft is None:
        return hard
    mixture = soft.to(table.dtype) @ table
    return hard.detach() + mixture - mixture.detach() if straight_through else mixture
