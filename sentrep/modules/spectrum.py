"""How many directions vectors use: numbers that show a collapse, in training and in evaluation."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

SAMPLE = 2048
"""Sentences that are measured; more of them take longer and hardly change the result."""


def spectrum(vectors: Float[Tensor, "sentence width"]) -> dict[str, float]:
    """Effective rank, share of the first principal component, mean cosine, and spread per dimension.

    A constant encoder has rank 1 and cosine 1; isotropic noise has a rank near its width and cosine near 0.
    """
    vectors = vectors[:SAMPLE].float()
    unit = F.normalize(vectors.nan_to_num(0, 0, 0), dim=1)  # a vector that is not finite has no direction
    count = len(unit)
    singular = torch.linalg.svdvals(unit - unit.mean(0))
    share = singular / singular.sum().clamp(min=1e-12)
    energy = singular.square()
    return {
        "effective_rank": math.exp(
            -(share * share.clamp(min=1e-12).log()).sum().item()
        ),  # Roy & Vetterli 2007, section 2
        "first_component": (energy[0] / energy.sum().clamp(min=1e-12)).item(),
        "mean_cosine": ((unit.sum(0).square().sum() - count) / max(1, count * (count - 1))).item(),
        "spread": unit.std(0).mean().item() * unit.shape[1] ** 0.5,
        "norm": vectors.norm(dim=1).mean().item(),
    }
