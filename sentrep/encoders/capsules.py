"""Pooling of the states of tokens by capsules, and by attention.

A capsule is a part of the sentence vector that collects what its own linear map makes of some tokens. Routing
decides in a few rounds how much of each token goes to each capsule: more to those that agree with it. Both
kinds of pooling are modules behind an encoder; they open with `sentrep.load`, since there is no stock module.

References:
    "Dynamic routing between capsules", Sabour, Frosst & Hinton, NIPS 2017, procedure 1.
    "Matrix capsules with EM routing", Hinton, Sabour & Frosst, ICLR 2018, procedure 1.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from sentrep.encoders.saved_module import SavedModule

Routing = Literal["dynamic", "em"]
LEAST_VARIANCE = 1e-3
"""Added to the variances of EM routing, which are 0 for a sentence of one token."""


class PartPooling(SavedModule):
    """Base of poolings that give the sentence vector as `parts` parts of equal width, one after the other.

    Reads ``token_embeddings`` (sentence, token, width) and ``attention_mask`` (sentence, token), writes
    ``sentence_embedding`` (sentence, width): zeros for a sentence without tokens.
    """

    config_keys: ClassVar[tuple[str, ...]] = ("width", "parts")

    def __init__(self, width: int, parts: int) -> None:
        super().__init__()
        self.width, self.parts = width, parts
        self.votes = nn.Linear(width, width, bias=False)

    def pool(
        self, votes: Float[Tensor, "sentence token part unit"], mask: Bool[Tensor, "sentence token"],
        states: Float[Tensor, "sentence token width"],
    ) -> tuple[Float[Tensor, "sentence part unit"], Float[Tensor, "sentence token part"]]:  # fmt: skip
        """Returns the parts, and the share of each token in each part."""
        raise NotImplementedError

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        features["sentence_embedding"] = self.routed(features)[0]
        return features

    def routed(
        self, features: dict[str, Tensor]
    ) -> tuple[Float[Tensor, "sentence width"], Float[Tensor, "sentence token part"]]:
        """Returns the vectors, and the share of each token in each part, for inspection."""
        states, mask = features["token_embeddings"], features["attention_mask"].bool()
        votes = self.votes(states).unflatten(2, (self.parts, -1)) * mask[:, :, None, None]
        parts, shares = self.pool(votes, mask, states)
        return parts.flatten(1).where(mask.any(1, keepdim=True), 0), shares

    def get_embedding_dimension(self) -> int:
        return self.width


class AttentionPooling(PartPooling):
    """Each part is the mean of the votes of all tokens, weighted by a softmax of learned scores.

    Reference:
        "A structured self-attentive sentence embedding", Lin et al., ICLR 2017, with linear scores.
    """

    def __init__(self, width: int, parts: int) -> None:
        super().__init__(width, parts)
        self.scores = nn.Linear(width, parts, bias=False)

    def pool(
        self, votes: Float[Tensor, "sentence token part unit"], mask: Bool[Tensor, "sentence token"],
        states: Float[Tensor, "sentence token width"],
    ) -> tuple[Float[Tensor, "sentence part unit"], Float[Tensor, "sentence token part"]]:  # fmt: skip
        scores = self.scores(states).masked_fill(~mask.unsqueeze(2), -1e9)
        shares = scores.softmax(1)
        return torch.einsum("stp,stpu->spu", shares, votes), shares


class CapsulePooling(PartPooling):
    """Capsules with dynamic or EM routing.

    Args:
        width: of the states and of the sentence vector.
        parts: number of capsules.
        routing: 'dynamic' or 'em'.
        rounds: of routing; with one round each capsule gets an equal share of each token.
    """

    config_keys: ClassVar[tuple[str, ...]] = ("width", "parts", "routing", "rounds")

    def __init__(self, width: int, parts: int, routing: Routing = "dynamic", rounds: int = 3) -> None:
        super().__init__(width, parts)
        self.routing, self.rounds = routing, rounds
        if routing == "em":
            self.activation_cost, self.variance_cost = (nn.Parameter(torch.zeros(parts)) for _ in range(2))

    def pool(
        self, votes: Float[Tensor, "sentence token part unit"], mask: Bool[Tensor, "sentence token"],
        states: Float[Tensor, "sentence token width"],
    ) -> tuple[Float[Tensor, "sentence part unit"], Float[Tensor, "sentence token part"]]:  # fmt: skip
        if self.routing == "dynamic":
            return dynamic_routing(votes, mask, self.rounds)
        return em_routing(votes, mask, self.rounds, self.activation_cost, self.variance_cost)


def dynamic_routing(
    votes: Float[Tensor, "sentence token part unit"], mask: Bool[Tensor, "sentence token"], rounds: int
) -> tuple[Float[Tensor, "sentence part unit"], Float[Tensor, "sentence token part"]]:
    """Routes by agreement: c = softmax over the capsules of b, s = Σ_t c_t û_t, v = squash(s), b += ⟨û_t, v⟩.

    Capsules are scaled by the square root of their width, so that their components are of the order of 1.

    Returns:
        The capsules, and the shares of the last round, 0 for padding.

    Reference:
        Sabour et al. 2017, procedure 1; the logits b add up over the rounds.
    """
    agreement = votes.new_zeros(votes.shape[:3])
    for number in range(rounds):
        shares = agreement.softmax(2) * mask.unsqueeze(2)
        capsules = squash(torch.einsum("stp,stpu->spu", shares, votes))
        if number < rounds - 1:
            agreement = agreement + torch.einsum("stpu,spu->stp", votes, capsules)
    return capsules * votes.shape[3] ** 0.5, shares


def squash(vectors: Float[Tensor, "*batch unit"]) -> Float[Tensor, "*batch unit"]:
    """Shortens vectors to a length below 1: v = s ‖s‖ / (1 + ‖s‖²).

    >>> squash(torch.tensor([3.0, 4.0])) * 26
    tensor([15., 20.])
    """
    squared = vectors.square().sum(-1, keepdim=True)
    return vectors * (squared + 1e-12).sqrt() / (1 + squared)


def em_routing(
    votes: Float[Tensor, "sentence token part unit"],
    mask: Bool[Tensor, "sentence token"],
    rounds: int,
    activation_cost: Float[Tensor, " part"],
    variance_cost: Float[Tensor, " part"],
) -> tuple[Float[Tensor, "sentence part unit"], Float[Tensor, "sentence token part"]]:
    """Routes by a mixture of normal distributions, one a capsule, that is fitted to a sentence's votes.

        M   μ_k = Σ_t r û / Σ_t r,   σ_k² likewise,   a_k = sigmoid(λ (β_a − Σ_d (β_u + log σ_kd) Σ_t r))
        E   r_tk ∝ a_k N(û_tk; μ_k, σ_k²)

    λ rises with the rounds, from .0005 to at most .01.

    Returns:
        a_k μ_k, and r, 0 for padding.

    Reference:
        Hinton et al. 2018, procedure 1.
    """
    present = mask.unsqueeze(2).to(votes.dtype)
    shares = present.expand(votes.shape[:3]) / votes.shape[2]
    for number in range(rounds):
        mass = shares.sum(1)
        weights = shares / mass.clamp(min=1e-9).unsqueeze(1)
        mean = torch.einsum("stp,stpu->spu", weights, votes)
        squares = (votes - mean.unsqueeze(1)).square()
        variance = torch.einsum("stp,stpu->spu", weights, squares) + LEAST_VARIANCE
        cost = (variance_cost.unsqueeze(1) + 0.5 * variance.log()).sum(2) * mass
        active = (0.01 * (1 - 0.95 ** (number + 1)) * (activation_cost - cost)).sigmoid()
        if number < rounds - 1:
            log_prob = -0.5 * (squares / variance.unsqueeze(1) + variance.log().unsqueeze(1)).sum(3)
            shares = (active.log().unsqueeze(1) + log_prob).softmax(2) * present
    return active.unsqueeze(2) * mean, shares
