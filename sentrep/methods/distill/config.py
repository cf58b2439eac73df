"""Settings of distillation. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.utils.checks import check_above, check_at_least, check_seed


@dataclass(frozen=True)
class DistillConfig:
    """A static bag learns to give the vectors of a teacher on the user's own text.

    Example:
        >>> DistillConfig(width=256).width
        256
    """

    width: int | None = None
    """Width of the bag. Unset: that of the teacher. Narrower: the teacher's vectors are projected to their
    first principal directions."""
    steps: int = 100
    """Steps of optimisation. More do not help: the bag fits its passages almost exactly."""
    batch_size: int = 512
    """Passages in a batch."""
    lr: float = 2e-3
    """Learning rate of the token table at the first step; it falls linearly to zero."""
    weight_lr: float = 1e-2
    """Learning rate of the logarithms of the token weights at the first step."""
    frequency: float = 1e-3
    """The constant a of the initial token weights a / (a + p(token)) (Arora et al. 2017)."""
    seed: int = 0
    """Seed of the order of passages."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "width", "batch_size")
        check_at_least(self, 0, "steps")
        check_above(self, 0, "lr", "weight_lr", "frequency")
        check_seed(self.seed)
