"""Weights and temperatures of bottlenecks over a run, and free bits."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


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


def falling(progress: float, first: float, last: float) -> float:
    """Returns a temperature that falls exponentially from `first` to `last` over the run.

    >>> falling(0.0, 1.0, 0.25), falling(0.5, 1.0, 0.25), falling(1.0, 1.0, 0.25)
    (1.0, 0.5, 0.25)
    """
    share = min(1.0, max(0.0, progress))
    return float(first * (last / first) ** share)
