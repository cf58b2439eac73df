"""Default training settings of a method. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MethodDefaults:
    """Values for settings of `TrainingConfig` that depend on the method.

    `sentrep.training.defaults` resolves them together with those that depend on encoder and hardware."""

    batch_size: int | None = None
    """Sentences in a batch; None leaves it to the encoder. Slow methods make more steps of smaller
    batches."""
    choose_by: Literal["neighbour-mrr", "loss", "last"] = "neighbour-mrr"
    """What makes a checkpoint the best."""
    matrix_products: bool = True
    """Whether it multiplies matrices besides those of its encoder. bf16 makes nothing else faster."""
