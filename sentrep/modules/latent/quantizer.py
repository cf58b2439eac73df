"""Discrete codes: residual vector quantization, one-hot codes, and finite scalar quantization.

Every quantizer turns a vector into a few small numbers and back. A gradient passes as if the code were the
vector (straight-through estimator).

Reference:
    "Neural discrete representation learning", van den Oord et al., NIPS 2017. "Hierarchical sketch induction
    for paraphrase generation", Hosking et al., ACL 2022 (residual codes of sentences, dropped levels).
    "Categorical reparameterization with Gumbel-softmax", Jang et al., ICLR 2017. "Finite scalar quantization:
    VQ-VAE made simple", Mentzer et al., ICLR 2024.
"""

from __future__ import annotations

import math
from abc import abstractmethod

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn

from sentrep.modules.contrastive import copy_from_first, gather
from sentrep.modules.latent.annealing import falling
from sentrep.modules.latent.bottleneck import Bottleneck, BottleneckOutput

EPSILON = 1e-5


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
            temperature = falling(progress, *self.temperature)
            chosen = F.gumbel_softmax(logits, temperature, hard=True)
        mean = logits.softmax(1).mean(0)
        penalty = math.log(len(self.rows)) + (mean * mean.clamp(min=1e-12).log()).sum()
        metrics = {"assignment_kl": penalty.detach(), **self.usage(number.unsqueeze(1))}
        return BottleneckOutput(chosen @ self.rows, penalty.expand(len(vectors)), metrics)

    def encode(self, vectors: Float[Tensor, "sentence width"]) -> Int[Tensor, "sentence level"]:
        return self.logits(vectors).argmax(1, keepdim=True)  # type: ignore[no-any-return]

    def decode(self, numbers: Int[Tensor, "sentence level"]) -> Float[Tensor, "sentence width"]:
        return self.rows[numbers[:, 0]]


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
