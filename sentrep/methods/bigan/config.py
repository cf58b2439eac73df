"""Settings of BiGAN-QP on codes. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.methods.code_settings import CodeSettings
from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class BiGANConfig(CodeSettings):
    """BiGAN-QP (Su 2018): a generator of codes and an encoder of codes, trained against a critic of pairs.

    Example:
        >>> BiGANConfig(critic_steps=2).critic_steps
        2
    """

    critic_steps: int = 2
    """Steps of the critic for each step of generator and encoder."""
    draw_weight: float = 2.0
    """Weight of the squared error of draws that are read back from generated codes."""
    code_weight: float = 3.0
    """Weight of the squared error of codes that are generated again from what was read of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "critic_steps")
        check_at_least(self, 0, "draw_weight", "code_weight")
