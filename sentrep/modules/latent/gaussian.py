"""Codes with a normal distribution, and their distance from the standard normal one.

    q(z | x) = N(μ, σ²)      KL( q || N(0, 1) ) = Σ_d ½ (μ_d² + σ_d² − 1 − log σ_d²)

Reference:
    "Auto-encoding variational Bayes", Kingma & Welling, ICLR 2014, appendix B.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.modules.annealing import linear
from sentrep.modules.latent.bottleneck import Bottleneck, BottleneckOutput, latent_stats


def kl_to_standard_normal(
    mean: Float[Tensor, "sentence latent"], deviation: Float[Tensor, "sentence latent"]
) -> Float[Tensor, "sentence latent"]:
    """Returns the KL divergence of N(mean, deviation²) from N(0, 1) in each dimension, in nats.

    >>> kl_to_standard_normal(torch.tensor([[0.0, 2.0]]), torch.ones(1, 2))
    tensor([[0., 2.]])
    """
    return (mean.square() + deviation.square() - 2 * deviation.log() - 1) / 2


def free_bits(kl: Float[Tensor, "sentence latent"], floor: float) -> Float[Tensor, " sentence"]:
    """Returns Σ_d max(floor, KL_d) for each sentence, where the mean of KL_d over the batch decides.

    A dimension with a mean below `floor` nats costs `floor` and has no gradient. The mean over the returned
    values is Σ_d max(floor, mean KL_d).

    Reference:
        "Improved variational inference with inverse autoregressive flow", Kingma et al., NIPS 2016, appendix
        C.8. Some implementations take the maximum for each sentence, which is another objective.

    >>> free_bits(torch.tensor([[0.1, 3.0], [0.3, 1.0]]), floor=0.5)
    tensor([3.5000, 1.5000])
    """
    below = kl.detach().mean(0) < floor
    return torch.where(below, floor, kl).sum(1)


def mutual_information(
    mean: Float[Tensor, "sentence latent"],
    deviation: Float[Tensor, "sentence latent"],
    sample: Float[Tensor, "sentence latent"],
) -> Float[Tensor, ""]:
    """Estimates I(x; z) = E log q(z | x) / q(z) in nats, with the batch as the mixture q(z).

    It is at most the logarithm of the number of sentences.

    Reference:
        "ELBO surgery", Hoffman & Johnson, NIPS 2016 workshop: E KL(q(z|x) || p) = I(x; z) + KL(q(z) || p).
    """
    distance = (sample.unsqueeze(1) - mean) / deviation
    log_density = -(distance.square() / 2 + deviation.log()).sum(2)
    return (log_density.diagonal() - log_density.logsumexp(1)).mean() + math.log(len(mean))


def log_density_ratio(
    posterior: Posterior, sample: Float[Tensor, "sentence latent"]
) -> Float[Tensor, " sentence"]:
    """Returns log p(z) − log q(z | x) of samples z, in nats: the prior against the posterior."""
    distance = (sample - posterior.mean) / posterior.deviation
    return ((distance.square() - sample.square()) / 2 + posterior.deviation.log()).sum(1)


class GaussianBottleneck(Bottleneck):
    """The vector is the mean of the code; its deviation is computed from the mean.

    The decoder reads a sample in training and the mean otherwise; a bound of the likelihood needs a sample,
    which is `draw` then.

    Args:
        width: width of the vectors and of the code.
        warmup: share of the run over which the weight of the KL term rises from 0 to `weight`.
        weight: of the KL term afterwards (β).
        floor: nats that each dimension may use without a penalty (free bits).

    >>> bottleneck = GaussianBottleneck(width=4)
    >>> bottleneck(torch.zeros(2, 4), 1.0).penalty.shape
    torch.Size([2])
    """

    def __init__(self, width: int, warmup: float = 0.0, weight: float = 1.0, floor: float = 0.0) -> None:
        super().__init__()
        self.width, self.warmup, self.weight, self.floor = width, warmup, weight, floor
        self.deviation = nn.Sequential(
            nn.Linear(width, HIDDEN_WIDTH), nn.Tanh(), nn.Linear(HIDDEN_WIDTH, width)
        )

    def posterior(self, vectors: Float[Tensor, "sentence width"]) -> Posterior:
        """Returns mean and standard deviation of q(z | x)."""
        mean = vectors.float()
        log_variance = self.deviation(mean).float().clamp(*LOG_VARIANCE)
        return Posterior(mean, (log_variance / 2).exp())

    def forward(self, vectors: Float[Tensor, "sentence width"], progress: float) -> BottleneckOutput:
        posterior = self.posterior(vectors)
        kl, sample = kl_to_standard_normal(*posterior), posterior.sample()
        weight = linear(progress, 0.0, self.warmup, 0.0, self.weight) if self.training else 1.0
        penalty = weight * (free_bits(kl, self.floor) if self.training else kl.sum(1))
        metrics = self.stats(posterior, kl, sample)
        if self.training:
            return BottleneckOutput(sample, penalty, metrics)
        return BottleneckOutput(posterior.mean, penalty, metrics, draw=sample)

    @torch.no_grad()
    def stats(self, posterior: Posterior, kl: Tensor, sample: Tensor) -> dict[str, Tensor]:
        """Returns the KL divergence (nats) and the mean posterior deviation; in validation also the parts of
        the KL, mutual information and marginal KL, and the share of active units."""
        total = kl.sum(1).mean()
        found = {"kl": total, "posterior_deviation": posterior.deviation.mean()}
        if not self.training and len(kl):
            information = mutual_information(*posterior, sample)
            found |= {"mutual_information": information, "marginal_kl": total - information}
            found |= latent_stats(posterior.mean)
        return found

    def mode(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence latent"]:
        return vectors

    def sample_prior(self, count: int) -> Float[Tensor, "count width"]:
        return torch.randn(count, self.width)


class Posterior(NamedTuple):
    """A normal distribution for each sentence, with independent dimensions."""

    mean: Float[Tensor, "sentence latent"]
    deviation: Float[Tensor, "sentence latent"]

    def sample(self) -> Float[Tensor, "sentence latent"]:
        """Draws a code for each sentence, with gradient (reparameterisation)."""
        return self.mean + self.deviation * torch.randn_like(self.mean)


HIDDEN_WIDTH = 128
"""Width of the hidden layer that computes deviations."""
LOG_VARIANCE = (-12.0, 4.0)
"""Limits of log σ²."""
