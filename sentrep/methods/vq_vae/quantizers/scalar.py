"""Finite scalar quantization.

Reference:
    "Finite scalar quantization: VQ-VAE made simple", Mentzer et al., ICLR 2024.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.methods.vq_vae.quantizers.base import Quantizer
from sentrep.modules.latent.bottleneck import BottleneckOutput


class ScalarQuantizer(Quantizer):
    """Finite scalar quantization: each number is one dimension, rounded to a few values.

    A dimension of L values is ⌊L/2⌋ x, x between −1 and 1; the rounding has no gradient of its own.

    Args:
        width: width of the vectors; linear maps lead to the dimensions and back.
        sizes: number of values of each dimension.

    >>> quantizer = ScalarQuantizer(width=3, sizes=(8, 5))
    >>> numbers = quantizer.encode(torch.randn(100, 3) * 100)
    >>> numbers.amin(0).tolist(), numbers.amax(0).tolist()
    ([0, 0], [7, 4])
    """

    def __init__(self, width: int, sizes: tuple[int, ...]) -> None:
        super().__init__(width, sizes)
        self.enter, self.leave = nn.Linear(width, len(sizes)), nn.Linear(len(sizes), width)

    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        bounded = self.bounded(vectors)
        rounded = bounded + (bounded.round() - bounded).detach()
        numbers = (rounded.detach() + self._half()).long()
        latent = self.leave(rounded / self._half())
        return BottleneckOutput(latent, vectors.new_zeros(len(vectors)), self.usage(numbers))

    def bounded(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence level"]:
        """Returns values that round to L different integers; shifted by one half where L is even.

        A vector of zeros is rounded to the value in the middle. Of two values none is: it lies between them.
        """
        sizes = torch.tensor(self.sizes, device=vectors.device)
        span = (sizes - 1) * (1 - 1e-3) / 2
        shift = torch.where(sizes % 2 == 0, 0.5, 0.0)
        middle = torch.where(sizes == 2, 0.0, (shift / span).atanh())
        return torch.tanh(self.enter(vectors).float() + middle) * span - shift

    def encode(self, vectors: Float[Tensor, "sentence width"]) -> Int[Tensor, "sentence level"]:
        return (self.bounded(vectors).round() + self._half()).long()

    def decode(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence width"]:
        return self.leave((numbers - self._half()) / self._half())  # type: ignore[no-any-return]

    def _half(self) -> Float[Tensor, " level"]:
        sizes = torch.tensor(self.sizes, device=self.leave.weight.device)
        return (sizes // 2).float()
