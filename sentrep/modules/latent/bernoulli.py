"""Binary codes: one Bernoulli variable for each bit, sampled with a straight-through gradient.

    b_d ~ Bernoulli(σ(f_d))
    penalty = γ Σ_d KL(σ(f_d) ‖ ½) + δ Σ_d KL(mean over the batch of σ(f_d) ‖ ½)

The first term keeps single bits undecided until they are needed; the second makes each bit 1 for half of the
sentences, which maximises its information.

References:
    Shen et al., "NASH: toward end-to-end neural architecture for generative semantic hashing", ACL 2018,
    section 3.2 (Bernoulli codes, straight-through gradient).
    Bengio, Léonard & Courville, "Estimating or propagating gradients through stochastic neurons", 2013.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from sentrep.modules.annealing import linear
from sentrep.modules.latent.bottleneck import Bottleneck, BottleneckOutput

EPSILON = 1e-6
"""Smallest mean probability of a bit and of its opposite that counts."""


class BernoulliBottleneck(Bottleneck):
    """The vector holds the log-odds of the bits. Codes are 0 or 1.

    Args:
        bits: width of the vectors and of the code; a multiple of 8.
        weight: γ, of the KL term of each sentence.
        balance: δ, of the KL term of the batch.
        warmup: share of the run over which γ rises from 0.

    >>> bottleneck = BernoulliBottleneck(8).eval()
    >>> bottleneck.mode(torch.tensor([[3.0, -3.0] * 4]))
    tensor([[1., 0., 1., 0., 1., 0., 1., 0.]])
    """

    def __init__(self, bits: int, weight: float = 0.02, balance: float = 1.0, warmup: float = 0.3) -> None:
        super().__init__()
        self.bits, self.weight, self.balance, self.warmup = bits, weight, balance, warmup

    def forward(self, vectors: Float[Tensor, "sentence bit"], progress: float) -> BottleneckOutput:
        log_odds = vectors.float()
        weight = self.weight * (linear(progress, 0.0, self.warmup) if self.training else 1.0)
        each = kl_to_fair(log_odds).sum(1)
        together = kl_to_fair(log_odds.sigmoid().mean(0).logit(eps=EPSILON)).sum()
        penalty = weight * each + self.balance * together
        latent = straight_through(log_odds) if self.training else self.mode(log_odds)
        return BottleneckOutput(latent, penalty, code_stats(self.mode(log_odds).bool()))

    def mode(self, vectors: Float[Tensor, "sentence bit"]) -> Float[Tensor, "sentence bit"]:
        return (vectors > 0).float()

    def sample_prior(self, count: int) -> Float[Tensor, "count bit"]:
        """Draws log-odds of ±1, each bit on with probability ½."""
        return 2.0 * torch.randint(2, (count, self.bits)) - 1

    def pack(self, vectors: Float[Tensor, "sentence bit"]) -> UInt8[Tensor, "sentence byte"]:
        return torch.from_numpy(np.packbits(self.mode(vectors).bool().cpu().numpy(), axis=1))

    def unpack(self, packed: UInt8[Tensor, "sentence byte"]) -> Float[Tensor, "sentence bit"]:
        bits = np.unpackbits(packed.cpu().numpy(), axis=1, count=self.bits)
        return torch.from_numpy(bits).float()


def straight_through(log_odds: Float[Tensor, "sentence bit"]) -> Float[Tensor, "sentence bit"]:
    """Samples bits; the gradient is that of their probabilities."""
    probability = log_odds.sigmoid()
    return torch.bernoulli(probability.detach()) + probability - probability.detach()


def kl_to_fair(log_odds: Tensor) -> Tensor:
    """Returns the KL divergence of Bernoulli(σ(f)) from Bernoulli(½) in nats, elementwise.

    It is p f − log(1 + exp f) + log 2 with p = σ(f), whose gradient is finite for certain bits, too.

    >>> kl_to_fair(torch.tensor([0.0, 200.0]))
    tensor([0.0000, 0.6931])
    """
    return log_odds.sigmoid() * log_odds - F.softplus(log_odds) + math.log(2)


@torch.no_grad()
def code_stats(codes: Bool[Tensor, "sentence bit"]) -> dict[str, Tensor]:
    """Returns how much information binary codes hold: 'bit_entropy', the mean entropy of a bit (in bits, 1 at
    best); 'bit_correlation', the mean absolute correlation of two bits; 'distinct_codes', the share of the
    codes that are different.

    >>> code_stats(torch.tensor([[True, False], [False, False]]))["bit_entropy"]
    tensor(0.5000)
    """
    share = codes.float().mean(0)
    entropy = 1 - kl_to_fair(share.logit(eps=EPSILON)) / math.log(2)
    centred = F.normalize(codes.float() - share, dim=0)
    correlation = (centred.T @ centred).abs()
    pairs = max(1, codes.shape[1] * (codes.shape[1] - 1))
    return {
        "bit_entropy": entropy.mean(),
        "bit_correlation": (correlation.sum() - correlation.diagonal().sum()) / pairs,
        "distinct_codes": torch.tensor(len(codes.unique(dim=0)) / max(1, len(codes))),
    }
