"""Residual vector quantization.

Reference:
    "Neural discrete representation learning", van den Oord et al., NIPS 2017. "Hierarchical sketch induction
    for paraphrase generation", Hosking et al., ACL 2022 (residual codes of sentences, dropped levels).
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.methods.vq_vae.quantizers.base import Quantizer
from sentrep.modules.contrastive import copy_from_first, gather
from sentrep.modules.latent.bottleneck import BottleneckOutput

EPSILON = 1e-5


class VectorQuantizer(Quantizer):
    """Residual vector quantization: each level codes what the levels before it have left.

        e_m = nearest(r_m)      r_(m+1) = r_m − e_m      latent = f + sg(Σ e_m − f)

    Codebooks are moving averages of the residuals assigned to each entry (buffers, not parameters). They
    start from the first batch; entries that are hardly used are put on residuals of the batch.

    Args:
        width: width of the vectors.
        levels: numbers of a code (M).
        size: entries of a codebook (K), at most 256.
        commitment: weight of ‖f − sg Σ e‖², in nats a sentence.
        decay: of the moving averages.
        dropout: probability that the latent of a sentence is cut after a random level, in training.

    >>> quantizer = VectorQuantizer(width=2, levels=2, size=4)
    >>> quantizer(torch.randn(8, 2), 0.0).latent.shape, quantizer.pack(torch.randn(3, 2)).shape
    (torch.Size([8, 2]), torch.Size([3, 2]))
    """

    codebooks: Float[Tensor, "level size width"]
    counts: Float[Tensor, "level size"]
    started: Tensor

    def __init__(
        self,
        width: int,
        levels: int,
        size: int,
        commitment: float = 0.25,
        decay: float = 0.99,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(width, (size,) * levels)
        self.commitment, self.decay, self.dropout = commitment, decay, dropout
        scale = 0.5 ** torch.arange(levels).view(-1, 1, 1)
        self.register_buffer("codebooks", torch.randn(levels, size, width) * scale)
        self.register_buffer("counts", torch.zeros(levels, size))
        self.register_buffer("started", torch.zeros(()))

    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        vectors = vectors.float()
        if self.training:
            self.learn(gather(vectors.detach()))
        numbers = self.encode(vectors)
        parts = self.parts(numbers)
        if self.training and self.dropout:
            parts = parts * self._kept(len(vectors), parts.device).unsqueeze(2)
        distance = (vectors - self.decode(numbers)).square().sum(1)
        latent = vectors + (parts.sum(1) - vectors).detach()
        relative = distance.detach().mean() / vectors.detach().square().sum(1).mean().clamp(min=EPSILON)
        metrics = {"quantization_error": relative, **self.usage(numbers)}
        return BottleneckOutput(latent, self.commitment * distance, metrics)

    def encode(self, vectors: Float[Tensor, "sentence width"]) -> Int[Tensor, "sentence level"]:
        residual, numbers = vectors.detach().float(), []
        for codebook in self.codebooks:
            numbers.append(nearest(residual, codebook))
            residual = residual - codebook[numbers[-1]]
        return torch.stack(numbers, 1)

    def decode(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence width"]:
        return self.parts(numbers).sum(1)

    def parts(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence level width"]:
        """Returns the entry of each level; their sum is the latent."""
        levels = torch.arange(numbers.shape[1], device=numbers.device)
        return self.codebooks[levels, numbers]

    @torch.no_grad()
    def learn(self, vectors: Float[Tensor, "sentence width"]) -> None:
        """Moves the codebooks towards the vectors of a batch.

        What is drawn at random is that of the first process.
        """
        if not self.started:
            self._start(vectors)
        residual = vectors
        for level, codebook in enumerate(self.codebooks):
            number = nearest(residual, codebook)
            left = residual - codebook[number]
            self._move(level, residual, number)
            residual = left
        copy_from_first(self.codebooks)
        copy_from_first(self.counts)

    def _start(self, vectors: Float[Tensor, "sentence width"]) -> None:
        """Puts the entries of each level on residuals of the batch: k-means of three steps."""
        residual, size = vectors, self.codebooks.shape[1]
        for level in range(len(self.codebooks)):
            chosen = residual[torch.randint(len(residual), (size,), device=residual.device)]
            codebook = chosen + torch.randn_like(chosen) * residual.std() * 0.1
            for _ in range(3):
                codebook = _means(residual, nearest(residual, codebook), codebook)
            self.codebooks[level], self.counts[level] = codebook, FIRST_USES
            residual = residual - codebook[nearest(residual, codebook)]
        self.started.fill_(1)

    def _move(self, level: int, residual: Tensor, number: Int[Tensor, " sentence"]) -> None:
        """Updates the moving averages of a level; entries below `UNUSED_SHARE` start anew."""
        count = number.bincount(minlength=self.counts.shape[1]).to(self.counts)
        total = torch.zeros_like(self.codebooks[level]).index_add(0, number, residual)
        kept = self.decay * self.counts[level]
        moved = kept.unsqueeze(1) * self.codebooks[level] + (1 - self.decay) * total
        weight = kept + (1 - self.decay) * count
        self.codebooks[level] = moved / weight.clamp(min=EPSILON).unsqueeze(1)
        unused = (weight < len(residual) * UNUSED_SHARE / len(weight)).nonzero().squeeze(1)
        fresh = torch.randint(len(residual), (len(unused),), device=residual.device)
        self.codebooks[level, unused] = residual[fresh]
        self.counts[level] = weight.index_fill(0, unused, len(residual) / len(weight))

    def _kept(self, count: int, device: torch.device) -> Float[Tensor, "sentence level"]:
        """Returns 1 for the levels that are kept; at least the first is."""
        levels = len(self.sizes)
        cut = torch.randint(1, levels + 1, (count, 1), device=device)
        cut = cut.where(torch.rand(count, 1, device=device) < self.dropout, levels)
        return (torch.arange(levels, device=device) < cut).float()


FIRST_USES = 1.0
"""Uses of an entry when a codebook starts."""
UNUSED_SHARE = 0.05
"""An entry that is used less than this share of an even use is put on a vector of the batch."""


def nearest(
    vectors: Float[Tensor, "sentence width"], codebook: Float[Tensor, "size width"]
) -> Int[Tensor, " sentence"]:
    """Returns the number of the entry that is nearest to each vector."""
    with torch.autocast(vectors.device.type, enabled=False):
        distance = codebook.square().sum(1) - 2 * vectors.float() @ codebook.T
    return distance.argmin(1)


def _means(vectors: Tensor, number: Int[Tensor, " sentence"], before: Tensor) -> Tensor:
    """Returns the mean of the vectors of each number; entries without vectors stay."""
    count = number.bincount(minlength=len(before)).unsqueeze(1)
    total = torch.zeros_like(before).index_add(0, number, vectors)
    return torch.where(count > 0, total / count.clamp(min=1), before)
