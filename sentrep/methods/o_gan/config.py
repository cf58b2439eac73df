"""Settings of O-GAN on codes. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.methods.code_settings import CodeSettings
from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class OGANConfig(CodeSettings):
    """O-GAN (Su 2019): a generator of codes whose critic reads the random draw back from a code.

    Example:
        >>> OGANConfig(code_width=64).code_width
        64
    """

    correlation_weight: float = 0.5
    """Weight of the correlation between a draw and what is read back from its code."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 0, "correlation_weight")
        check_at_least(self, 2, "prior_width")
