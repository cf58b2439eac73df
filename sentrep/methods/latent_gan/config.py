"""Settings of the adversarial generator of codes. Imports nothing heavy: the command line's help is made from
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.methods.code_settings import CodeSettings
from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class LatentGANConfig(CodeSettings):
    """Adversarial generator of codes (Zhao et al. 2018): generate sentences like those of a corpus from
    random vectors.

    Example:
        >>> LatentGANConfig(gan_loss="wgan-gp").gan_loss
        'wgan-gp'
    """

    gan_loss: Literal["standard", "wgan-gp", "wgan-div", "rsgan", "gan-qp"] = "gan-qp"
    """Loss of critic and generator."""
    critic_steps: int = 5
    """Steps of the critic for each step of the generator."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "critic_steps")
