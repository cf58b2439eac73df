"""Contrastive classification of each row among the candidates of a batch.

With several processes, each holds some segments of the batch. `gather` concatenates their candidates
with gradient, so that N processes have the same negatives and the same gradient as one.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Classified(NamedTuple):
    """Result of `classify` for each row."""

    loss: Float[Tensor, " row"]
    """Cross-entropy against a uniform target over the row's positives; 0 for a row without one."""
    hit: Bool[Tensor, " row"]
    """Whether the best-scored candidate is a positive."""
    candidates: Int[Tensor, " row"]
    """Number of candidates of the row; the loss at chance level is its logarithm."""


def classify(
    scores: Float[Tensor, "row candidate"],
    positive: Bool[Tensor, "row candidate"],
    allowed: Bool[Tensor, "row candidate"],
) -> Classified:
    """Computes the softmax over the allowed candidates against a uniform distribution over the positives.

    Every positive must be allowed.

    Reference:
        "An efficient framework for learning sentence representations", Logeswaran & Lee, ICLR 2018,
        section 3.
    """
    scores = scores.float()
    # The minimum instead of -inf: -inf times a target of 0 is NaN.
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    target = positive / positive.sum(1, keepdim=True).clamp(min=1)
    loss = F.cross_entropy(scores, target, reduction="none")
    hit = positive.gather(1, scores.detach().argmax(1, keepdim=True)).squeeze(1)
    return Classified(loss, hit, allowed.sum(1))


def similarity(
    left: Float[Tensor, "row width"],
    right: Float[Tensor, "candidate width"],
    temperature: float | Tensor | None,
) -> Float[Tensor, "row candidate"]:
    """Returns the cosine divided by the temperature, or the dot product if the temperature is None.

    It is always computed in fp32: with a softmax over thousands of candidates at a low temperature, the
    rounding of bf16 changes the result.
    """
    with torch.autocast(left.device.type, enabled=False):
        left, right = left.float(), right.float()
        if temperature is None:
            return left @ right.T
        return F.normalize(left, dim=1) @ F.normalize(right, dim=1).T / temperature


def mean_over_rows(
    values: Float[Tensor, " row"], counted: Bool[Tensor, " row"] | None = None
) -> Float[Tensor, ""]:
    """Returns the mean over the rows of all processes, or over those that are counted; a row has the weight
    `row_weight`."""
    if counted is None:
        return values.sum() * row_weight(torch.tensor(len(values), device=values.device))
    return values.where(counted, 0).sum() * row_weight(counted.sum())


def row_weight(rows: Int[Tensor, ""]) -> Float[Tensor, ""]:
    """Returns the weight of a row in the mean over the rows of all processes.

    Averaging the gradients of the processes then gives the gradient of that mean.

    Args:
        rows: number of rows of this process.
    """
    total = rows.float()
    processes = 1
    if _many():
        dist.all_reduce(total)
        processes = dist.get_world_size()
    return processes / total.clamp(min=1)


def gather(rows: Tensor) -> Tensor:
    """Returns the rows of all processes in their order, with gradient for floating-point rows.

    With one process these are its own rows.
    """
    if not _many():
        return rows
    sizes = _sizes(len(rows), rows.device)
    padded = F.pad(rows, (0, 0) * (rows.dim() - 1) + (0, max(sizes) - len(rows)))
    parts: Tensor = _AllGather.apply(padded)  # type: ignore[no-untyped-call]
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


def copy_from_first(tensor: Tensor) -> None:
    """Overwrites a tensor with that of the first process; with one process it stays as it is."""
    if _many():
        dist.broadcast(tensor, 0)


def place(rows: int, device: torch.device) -> int:
    """Returns the index of this process's first row among the gathered ones."""
    return sum(_sizes(rows, device)[: dist.get_rank()]) if _many() else 0


def _many() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _sizes(rows: int, device: torch.device) -> list[int]:
    return [int(size) for size in _all_gather(torch.tensor([rows], device=device))]


class _AllGather(torch.autograd.Function):
    """Maps (row, …) on each process to (process, row, …) on all.

    The gradient of a row is the sum of its gradients in all processes.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        return torch.stack(_all_gather(rows))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.contiguous()
        dist.all_reduce(gradient)
        return gradient[dist.get_rank()]


def _all_gather(rows: Tensor) -> list[Tensor]:
    parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, rows.contiguous())
    return parts
