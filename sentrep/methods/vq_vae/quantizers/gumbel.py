"""One-hot codes by Gumbel-softmax.

Reference:
    "Categorical reparameterization with Gumbel-softmax", Jang et al., ICLR 2017.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.methods.vq_vae.quantizers.base import Quantizer
from sentrep.modules.annealing import exponential
from sentrep.modules.latent.bottleneck import BottleneckOutput


class GumbelQuantizer(Quantizer):
    """One number a sentence: a cluster, sampled by straight-through Gumbel-softmax.

        p = softmax(W f)      latent = row of one_hot(p)      penalty = log K − H(mean p)

    The penalty is the KL divergence of the mean assignment of the batch from uniform, so all clusters are
    used; this is clustering without k-means.

    Args:
        width: width of the vectors.
        size: number of clusters (K), at most 256.
        temperature: of the samples at the beginning and at the end of the run.

    >>> GumbelQuantizer(width=3, size=5)(torch.randn(4, 3), 0.0).latent.shape
    torch.Size([4, 3])
    """

    def __init__(self, width: int, size: int, temperature: tuple[float, float] = (1.0, 0.5)) -> None:
        super().__init__(width, (size,))
        self.temperature = temperature
        self.logits = nn.Linear(width, size)
        self.rows = nn.Parameter(torch.randn(size, width))

    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        logits = self.logits(vectors).float()
        number = logits.argmax(1)
        chosen = F.one_hot(number, len(self.rows)).to(logits)
        if self.training:
            temperature = exponential(progress, *self.temperature)
            chosen = F.gumbel_softmax(logits, temperature, hard=True)
        mean = logits.softmax(1).mean(0)
        penalty = math.log(len(self.rows)) + (mean * mean.clamp(min=1e-12).log()).sum()
        metrics = {"assignment_kl": penalty.detach(), **self.usage(number.unsqueeze(1))}
        return BottleneckOutput(chosen @ self.rows, penalty.expand(len(vectors)), metrics)

    def encode(self, vectors: Float[Tensor, "sentence width"]) -> Int[Tensor, "sentence level"]:
        return self.logits(vectors).argmax(1, keepdim=True)  # type: ignore[no-any-return]

    def decode(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence width"]:
        return self.rows[numbers[:, 0]]
