"""What every quantizer offers: it turns a vector into a few small numbers and back.

A gradient passes as if the code were the vector (straight-through estimator).
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from sentrep.modules.latent.bottleneck import Bottleneck


class Quantizer(Bottleneck):
    """A bottleneck with codes of several numbers: `encode` and `decode` are between vectors and numbers.

    Args:
        width: width of the vectors and of the latent.
        sizes: number of different values of each number of a code, at most 256.
    """

    def __init__(self, width: int, sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.width, self.sizes = width, sizes

    @abstractmethod
    def encode(self, vectors: Float[Tensor, "sentence width"]) -> Int[Tensor, "sentence level"]:
        """Returns the numbers of each code."""

    @abstractmethod
    def decode(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence width"]:
        """Returns the latent of each code. Fewer columns than levels are a code that is cut."""

    def mode(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence width"]:
        return self.decode(self.encode(vectors))

    def pack(self, vectors: Float[Tensor, "sentence width"]) -> UInt8[Tensor, "sentence byte"]:
        return self.encode(vectors).to(torch.uint8)

    def unpack(self, packed: UInt8[Tensor, "sentence byte"]) -> Float[Tensor, "sentence width"]:
        return self.decode(packed.long())

    def usage(self, numbers: Int[Tensor, "sentence level"]) -> dict[str, Tensor]:
        """Perplexity of each number of a code, as a share of what the batch allows; the least one first."""
        shares = torch.stack([perplexity_share(numbers[:, i], size) for i, size in enumerate(self.sizes)])
        return {"code_perplexity": shares.mean(), "least_code_perplexity": shares.min()}


def perplexity_share(numbers: Int[Tensor, " sentence"], size: int) -> Float[Tensor, ""]:
    """Returns the perplexity of how often each value occurs, divided by what an even use would have.

    >>> perplexity_share(torch.tensor([0, 1, 2, 3]), 4), perplexity_share(torch.tensor([1, 1, 1, 1]), 4)
    (tensor(1.), tensor(0.2500))
    """
    share = numbers.bincount(minlength=size).float() / max(1, len(numbers))
    entropy = -(share * share.clamp(min=1e-12).log()).sum()
    return entropy.exp() / min(size, max(1, len(numbers)))
