"""What a latent structure z of a sentence has to offer, to be inferred from text and to give the text back.

Trees are one kind (`methods/struct_vae/binary_trees.py`), derivations of a grammar another
(`methods/struct_vae/derivations.py`)."""

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
        """In nats, (sentence,); None where it can only be estimated, by −log q of samples."""

    def sample(self, count: int) -> Z:
        """So many independent structures of each sentence."""

    def log_probability(self, structures: Z) -> Tensor:
        """log q(z | x) of each of them, (sentence, structure), with gradient."""

    def viterbi(self) -> Z:
        """The best structure of each sentence, or the best that can be found; one each."""


class Restored(NamedTuple):
    """What is thought of sentences, given structures."""

    loss: Float[Tensor, ""]
    """Mean of −log p(x | z), in nats a token, with gradient."""
    log_probability: Float[Tensor, "sentence structure"]
    """log p(x | z) of whole sentences, without gradient."""


class Structures(nn.Module, ABC, Generic[Z]):
    """The three distributions of a structured auto-encoder."""

    prior: nn.Module
    """What has the parameters of p(z), which are learnt from given structures alone."""

    @abstractmethod
    def posterior(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> Posterior[Z]:
        """q(z | x), of sentences whose tokens are vectors."""

    @abstractmethod
    def log_prior(self, structures: Z) -> Float[Tensor, "sentence structure"]:
        """log p(z)."""

    @abstractmethod
    def restore(self, texts: Texts, structures: Z) -> Restored:
        """log p(x | z)."""

    @abstractmethod
    def meters(self, best: Z) -> dict[str, Tensor]:
        """What shows that structures have collapsed."""

    @abstractmethod
    def agreement(self, best: Z, given: Z) -> dict[str, Tensor]:
        """How far structures agree with those that people gave."""


class Expectation(nn.Module):
    """b(x): the learning signal to be expected of a sentence, added up over its tokens; for log p(x | z) is a
    sum over them.

    It learns to expect, but does not bend what it reads.
    """

    def __init__(self, token_width: int) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(token_width, token_width), nn.ReLU(), nn.Linear(token_width, 1))

    def forward(
        self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]
    ) -> Float[Tensor, " sentence"]:
        each: Tensor = self.each(tokens.detach()).squeeze(2)
        return each.float().where(texts.alive, 0).sum(1)

    @staticmethod
    def error(
        texts: Texts, signal: Float[Tensor, "sentence structure"], expected: Float[Tensor, " sentence"]
    ) -> Float[Tensor, ""]:
        """Mean square of what was wrong, in nats a token, so that long sentences do not have all the say."""
        return (((signal - expected.unsqueeze(1)) / texts.lengths.clamp(min=1).unsqueeze(1)) ** 2).mean()
