"""Contrastive classification within a batch: which of the candidates belongs to this row?

Under several processes every process holds some runs of the batch. `gather` puts their candidates side by
side with gradient, so that N processes see the negatives, and give the gradient, of one."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.distributed as dist
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Classified(NamedTuple):
    """The outcome of `classify`, row by row."""

    loss: Float[Tensor, " row"]
    """Cross-entropy against a uniform target over the row's positives; 0 for a row without one."""
    hit: Bool[Tensor, " row"]
    """Whether the best-scored candidate is a positive."""
    candidates: Int[Tensor, " row"]
    """How many candidates the row chose among: chance is log of it."""


def classify(
    scores: Float[Tensor, "row candidate"],
    positive: Bool[Tensor, "row candidate"],
    allowed: Bool[Tensor, "row candidate"],
) -> Classified:
    """Softmax over the allowed candidates against a uniform distribution over the positives (quick-thought,
    section 3).

    Every positive must be allowed.
    """
    scores = scores.float()
    scores = scores.masked_fill(
        ~allowed, torch.finfo(scores.dtype).min
    )  # not -inf, which times a target of 0 would be NaN
    target = positive / positive.sum(1, keepdim=True).clamp(min=1)
    loss = F.cross_entropy(scores, target, reduction="none")
    hit = positive.gather(1, scores.detach().argmax(1, keepdim=True)).squeeze(1)
    return Classified(loss, hit, allowed.sum(1))


def similarity(
    left: Float[Tensor, "row width"],
    right: Float[Tensor, "candidate width"],
    temperature: float | Tensor | None,
) -> Float[Tensor, "row candidate"]:
    """Cosine over temperature, or the plain dot product where the temperature is None; always in fp32, since
    a softmax over thousands of candidates at a low temperature feels the rounding of bf16."""
    with torch.autocast(left.device.type, enabled=False):
        left, right = left.float(), right.float()
        if temperature is None:
            return left @ right.T
        return F.normalize(left, dim=1) @ F.normalize(right, dim=1).T / temperature


def mean_over_rows(values: Float[Tensor, " row"], counted: Bool[Tensor, " row"]) -> Float[Tensor, ""]:
    """Mean over the counted rows of ALL processes, each row with its `row_weight`."""
    return values.where(counted, 0).sum() * row_weight(counted.sum())


def row_weight(rows: Int[Tensor, ""]) -> Float[Tensor, ""]:
    """What a row weighs in the mean over the rows of ALL processes, of which this one has so many: averaging
    the gradients of the processes gives the gradient of that mean."""
    total = rows.float()
    processes = 1
    if _many():
        dist.all_reduce(total)
        processes = dist.get_world_size()
    return processes / total.clamp(min=1)


def gather(rows: Tensor) -> Tensor:
    """The rows of all processes in process order, with gradient for floating-point rows; this process's rows
    alone if it is one."""
    if not _many():
        return rows
    sizes = _sizes(len(rows), rows.device)
    padded = F.pad(rows, (0, 0) * (rows.dim() - 1) + (0, max(sizes) - len(rows)))
    parts: Tensor = _AllGather.apply(padded)  # type: ignore[no-untyped-call]
    return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])


def place(rows: int, device: torch.device) -> int:
    """Where this process's rows begin among the gathered ones."""
    return sum(_sizes(rows, device)[: dist.get_rank()]) if _many() else 0


def _many() -> bool:
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def _sizes(rows: int, device: torch.device) -> list[int]:
    return [int(size) for size in _all_gather(torch.tensor([rows], device=device))]


class _AllGather(torch.autograd.Function):
    """(row, …) on each process to (process, row, …) on all; the gradient of a row is the sum of what all
    processes ask of it."""

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
