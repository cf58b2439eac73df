"""What every bottleneck of an auto-encoder offers.

A bottleneck turns sentence vectors into the codes that a decoder reads, and returns the penalty of each code.
Which bottleneck is used is decided by the method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sentrep.utils.errors import InputError, opt


class BottleneckOutput(NamedTuple):
    """Codes of sentences."""

    latent: Float[Tensor, "sentence latent"]
    """Input of the decoder, with gradient."""
    penalty: Float[Tensor, " sentence"]
    """Added to the negative log-likelihood of each sentence, in nats: KL or commitment; 0 for `Identity`."""
    metrics: dict[str, Tensor]
    """Scalars to log, detached."""
    draw: Float[Tensor, "sentence latent"] | None = None
    """Outside of training, a draw of the code where the code is random: `latent` is its mean there."""


class Bottleneck(nn.Module, ABC):
    """Turns vectors into codes: samples while training, the most likely code otherwise."""

    @abstractmethod
    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        """Returns codes and their penalty.

        Args:
            vectors: sentence vectors.
            progress: how much of the run is done, 0 to 1; penalties and temperatures depend on it.
        """

    @abstractmethod
    def mode(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence latent"]:
        """Returns the most likely code of each vector."""

    def sample_prior(self, count: int) -> Float[Tensor, "count width"]:
        """Draws vectors from the prior, from torch's generator.

        Raises:
            InputError: there is no prior.
        """
        raise InputError(f"{opt('from')} prior: this model has no prior; take a sentence, or a run of vae")

    def pack(self, vectors: Float[Tensor, "sentence width"]) -> UInt8[Tensor, "sentence byte"]:
        """Returns the codes as bytes.

        Raises:
            InputError: the codes are not discrete.
        """
        raise InputError("the codes of this model are not discrete; take a run of vq-vae", setting="run")

    def unpack(self, packed: UInt8[Tensor, "sentence byte"]) -> Float[Tensor, "sentence latent"]:
        """Returns the codes that were packed.

        Raises:
            InputError: the codes are not discrete.
        """
        raise InputError("the codes of this model are not discrete; take a run of vq-vae", setting="run")


class Identity(Bottleneck):
    """The vector is the code, without a penalty.

    >>> import torch
    >>> Identity()(torch.ones(2, 3), 0.0).penalty
    tensor([0., 0.])
    """

    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        return BottleneckOutput(vectors, vectors.new_zeros(len(vectors)), {})

    def mode(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence latent"]:
        return vectors


def latent_stats(latent: Float[Tensor, "sentence latent"]) -> dict[str, Tensor]:
    """Returns the share of dimensions whose variance over the sentences is above .01 (active units).

    Reference:
        "Importance weighted autoencoders", Burda et al., ICLR 2016, section 5.

    >>> import torch
    >>> latent_stats(torch.tensor([[0.0, 1.0], [0.0, -1.0]]))
    {'active_units': tensor(0.5000)}
    """
    variance = latent.detach().float().var(0, unbiased=False)
    return {"active_units": (variance > ACTIVE).float().mean()}


ACTIVE = 0.01
"""Variance above which a dimension counts as used."""
