"""The interface of latent structures z: to be inferred from a sentence, and to reconstruct the sentence.

Binary trees are one kind (`methods/struct_vae/bracketings.py`), derivations of a grammar another
(`methods/struct_vae/derivations.py`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

from sentrep.modules.padding import Texts

Z = TypeVar("Z")
"""Some structures of each sentence, (sentence, structure, …)."""


@runtime_checkable
class Posterior(Protocol[Z]):
    """q(z | x) of each sentence of a batch."""

    @property
    def entropy(self) -> Tensor | None:
        """Entropy in nats, (sentence,); None where it can only be estimated from samples."""

    def sample(self, count: int) -> Z:
        """Draws `count` independent structures of each sentence."""

    def log_prob(self, structures: Z) -> Tensor:
        """Returns log q(z | x) of each structure, (sentence, structure), with gradient."""

    def viterbi(self) -> Z:
        """Returns the best structure of each sentence, or the best that search finds."""


class Reconstruction(NamedTuple):
    """Likelihood of sentences given structures."""

    loss: Float[Tensor, ""]
    """Mean of −log p(x | z), in nats a token, with gradient."""
    log_prob: Float[Tensor, "sentence structure"]
    """log p(x | z) of whole sentences, without gradient."""


class StructureModel(nn.Module, ABC, Generic[Z]):
    """The three distributions of a structured auto-encoder."""

    prior: nn.Module
    """Network of p(z), which learns from labelled structures only."""

    @abstractmethod
    def posterior(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> Posterior[Z]:
        """Returns q(z | x) of sentences with these token vectors."""

    @abstractmethod
    def log_prior(self, structures: Z) -> Float[Tensor, "sentence structure"]:
        """Returns log p(z)."""

    @abstractmethod
    def reconstruct(self, texts: Texts, structures: Z) -> Reconstruction:
        """Returns log p(x | z)."""

    @abstractmethod
    def structure_stats(self, best: Z) -> dict[str, Tensor]:
        """Measures whether structures have collapsed."""

    @abstractmethod
    def agreement(self, predicted: Z, gold: Z) -> dict[str, Tensor]:
        """Measures how well predicted structures agree with annotated ones."""


class LearnedBaseline(nn.Module):
    """b(x): predicts the learning signal of a sentence, as a sum over its tokens.

    log p(x | z) is a sum over tokens, too. The baseline does not train the token vectors that it reads.

    Args:
        token_width: width of the token vectors.
    """

    def __init__(self, token_width: int) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(token_width, token_width), nn.ReLU(), nn.Linear(token_width, 1))

    def forward(
        self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]
    ) -> Float[Tensor, " sentence"]:
        """Returns the predicted signal of each sentence in nats."""
        each: Tensor = self.each(tokens.detach()).squeeze(2)
        return each.float().where(texts.mask, 0).sum(1)

    @staticmethod
    def error(
        texts: Texts, signal: Float[Tensor, "sentence structure"], predicted: Float[Tensor, " sentence"]
    ) -> Float[Tensor, ""]:
        """Returns the mean squared error in nats a token, so that long sentences do not dominate."""
        return (((signal - predicted.unsqueeze(1)) / texts.lengths.clamp(min=1).unsqueeze(1)) ** 2).mean()
