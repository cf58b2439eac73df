"""A critic with all that it needs, from token ids to what it wants of itself and of a generator."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from sentrep.modules.discriminators import ConvCritic, StepCritic
from sentrep.modules.gan_losses import ADVERSARIES, Rows
from sentrep.modules.padding import Texts

TEMPERATURE = 0.5
"""Of straight-through words ("SEQ3", Baziotis et al., NAACL 2019: .5)."""

Soft = Float[Tensor, "text step vocab_and_end"]
"""Words as a gradient can pass through them: distributions, or sharp ones around what was drawn."""


class Judge(nn.Module):
    """Tells what people wrote from what a generator did.

    Args:
        rows: token ids there are, with the end of a text.
        token_width: of its rows.
        width: of its states.
        stepwise: whether it judges every word, for rewards, or a text as a whole.
        adversary: of `modules.gan_losses.ADVERSARIES`.
        straight: whether soft words are read as the hard ones that they surround, which only pass their
            gradient on.
    """

    def __init__(
        self, rows: int, token_width: int, width: int, stepwise: bool, adversary: str, straight: bool
    ) -> None:
        super().__init__()
        self.rows = nn.Embedding(rows, token_width)
        self.critic = (StepCritic if stepwise else ConvCritic)(token_width, width)
        self.adversary, self.straight = ADVERSARIES[adversary], straight

    def forward(
        self, people: Texts, written: Texts, soft: Soft | None = None
    ) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
        """What the critic is to minimise, and how well it tells them apart."""
        real, fake = self.read(people), Rows(self.read(written, soft).tokens.detach(), written.alive)
        real_scores, fake_scores = self.scores(real), self.scores(fake)
        penalty = self.adversary.penalty(lambda *rows: self.scores(Rows(*rows)), real, fake)
        accuracy = ((real_scores > 0).float().mean() + (fake_scores < 0).float().mean()) / 2
        gap = (real_scores.mean() - fake_scores.mean()).detach()
        return self.adversary.critic(real_scores, fake_scores) + penalty, {
            "critic_accuracy": accuracy,
            "critic_gap": gap,
        }

    def opinion(self, people: Texts, written: Texts, soft: Soft) -> Float[Tensor, ""]:
        """What the generator is to minimise; the critic learns nothing from being asked."""
        real, fake = self.read(people, frozen=True), self.read(written, soft, frozen=True)
        return self.adversary.generator(self.scores(real, frozen=True), self.scores(fake, frozen=True))

    @torch.no_grad()
    def belief(self, written: Texts) -> Float[Tensor, "text step"]:
        """How likely people wrote each text up to each word and with it."""
        told: Tensor = self.critic(self.rows(written.ids), written.alive)
        return told.sigmoid()

    def read(self, texts: Texts, soft: Soft | None = None, frozen: bool = False) -> Rows:
        """Rows of words."""
        table = self.rows.weight.detach() if frozen else self.rows.weight
        return Rows(mixed(table, texts, soft, self.straight), texts.alive)

    def scores(self, rows: Rows, frozen: bool = False) -> Float[Tensor, " score"]:
        """What the critic thinks of each text, or of each word that it reads."""
        given = {name: each.detach() if frozen else each for name, each in self.critic.named_parameters()}
        told: Tensor = functional_call(self.critic, given, tuple(rows))
        return told[rows.alive] if told.dim() == 2 else told


def sharp(probabilities: Soft, noise: Float[Tensor, "text step vocab_and_end"]) -> Soft:
    """Distributions around what was drawn by this Gumbel noise."""
    return ((probabilities.clamp(min=1e-30).log() + noise) / TEMPERATURE).softmax(2)


def mixed(
    table: Float[Tensor, "row token_width"], texts: Texts, soft: Soft | None, straight: bool
) -> Float[Tensor, "text step token_width"]:
    """Rows of words: hard, soft, or hard with the gradient of soft ones."""
    hard = F.embedding(texts.ids, table)
    if soft is None:
        return hard
    between = soft.to(table.dtype) @ table
    return hard.detach() + between - between.detach() if straight else between
