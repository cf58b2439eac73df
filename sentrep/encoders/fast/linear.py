"""Linear layers whose weights oneDNN has packed for the processor."""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

ACTIVATIONS = {
    "gelu": ("gelu", "none"),
    "gelu_python": ("gelu", "none"),
    "gelu_new": ("gelu", "tanh"),
    "gelu_pytorch_tanh": ("gelu", "tanh"),
    "gelu_fast": ("gelu", "tanh"),
    "relu": ("relu", ""),
}
"""Names of transformers -> operation of oneDNN and its algorithm."""

ROWS = 2048
"""Number of rows for which weights are packed; other numbers are computed, too."""
KERNELS = 128
"""Compiled products that oneDNN, and torch beside it, keep: one to two megabytes each. Nearly every batch has
numbers of rows of its own, so the 1,024 that they keep by themselves would take gigabytes."""
LIMITS = ("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "LRU_CACHE_CAPACITY")
"""Variables of the environment that they read at the first product."""


class PackedLinear:
    """x W' + b, with an activation in the same kernel.

    Args:
        weight: W (out, in), float32.
        bias: b (out).
        dtype: float32 or bfloat16.
        activation: a key of `ACTIVATIONS`; none if empty.
    """

    def __init__(
        self, weight: Float[Tensor, "out in"], bias: Tensor | None, dtype: torch.dtype, activation: str = ""
    ) -> None:
        weight = weight.to(dtype).contiguous()
        self.bias = None if bias is None else bias.to(dtype)
        self.operation, self.algorithm = ACTIVATIONS[activation] if activation else ("none", "")
        self.packed = bool(torch.backends.mkldnn.is_available())
        for limit in LIMITS:
            os.environ.setdefault(limit, str(KERNELS))
        self.weight = _mkldnn()._reorder_linear_weight(weight, ROWS) if self.packed else weight

    def __call__(self, x: Float[Tensor, "row in"]) -> Float[Tensor, "row out"]:
        if self.packed:
            made: Tensor = _mkldnn()._linear_pointwise(
                x, self.weight, self.bias, self.operation, [], self.algorithm
            )
            return made
        made = F.linear(x, self.weight, self.bias)
        if self.operation == "gelu":
            return F.gelu(made, approximate=self.algorithm)
        return F.relu(made) if self.operation == "relu" else made

    def plus(self, x: Float[Tensor, "row in"], other: Float[Tensor, "row out"]) -> Float[Tensor, "row out"]:
        """x W' + b + other, in one kernel."""
        if not self.packed:
            return F.linear(x, self.weight, self.bias) + other
        made: Tensor = _mkldnn()._linear_pointwise.binary(x, other, self.weight, self.bias, "add")
        return made


def _mkldnn() -> Any:
    return torch.ops.mkldnn
