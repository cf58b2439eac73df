"""Optimisers, the learning-rate schedule and gradient clipping."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW

from sentrep.methods.base import Method
from sentrep.training.config import TrainingConfig

BETA2 = 0.999
"""β₂ of Adam, the decay of its mean of squared gradients."""


def schedule(progress: float, config: TrainingConfig) -> float:
    """The learning rate as a fraction of its peak.

    Args:
        progress: how much of the run is done, 0 to 1.
        config: shape of the schedule and length of the warm-up.

    >>> [schedule(progress, TrainingConfig(warmup=0.2)) for progress in (0.2, 0.6, 1.0)]
    [1.0, 0.5, 0.0]
    """
    if progress < config.warmup:
        return (progress + 1e-3) / (config.warmup + 1e-3)
    left = (1 - progress) / (1 - config.warmup)
    if config.schedule == "constant":
        return 1.0
    return left if config.schedule == "linear" else 0.5 - 0.5 * math.cos(math.pi * left)


def make_optimizer(method: Method, phase: str, lr: float, config: TrainingConfig) -> AdamW:
    """AdamW over the parameters of one phase."""
    groups = [
        {"params": group.parameters, "lr_scale": group.lr_scale, "betas": (group.beta1, BETA2)}
        for group in method.parameter_groups(phase)
    ]
    return AdamW(groups, lr=lr, weight_decay=config.weight_decay, fused=True)


def set_lr(optimizer: Any, lr: float) -> None:
    """Sets the learning rate of every group to `lr` times the scale of the group."""
    for group in optimizer.param_groups:
        group["lr"] = lr * group["lr_scale"]


def clip_gradients(optimizer: Any, largest: float) -> Tensor:
    """Clips the gradients, taken as one vector, to a norm of `largest`; returns their norm before.

    On a CPU gradients that are short enough are not touched: multiplying those of a token table by one costs
    as much as measuring them. On a GPU the comparison would wait for the queue."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    norm = get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    if norm.device.type != "cpu" or norm > largest:
        clip_grads_with_norm_(parameters, largest, norm)
    return norm
