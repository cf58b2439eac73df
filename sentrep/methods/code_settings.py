"""Settings that the adversarial methods on codes share. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.utils.checks import check_at_least, check_between


@dataclass(frozen=True)
class CodeSettings(DecoderSettings):
    """Codes of an auto-encoder, and a prior from which codes are generated."""

    code_width: int = 64
    """Width of the codes, which are the exported vectors."""
    code_noise: float = 0.05
    """Standard deviation of the noise on codes in training."""
    prior_width: int = 32
    """Width of the draws from N(0, 1) that codes are generated from."""
    hidden_width: int = 300
    """Width of the hidden layers of generator and critic."""
    adversarial_start: float = 0.3
    """Share of the run in which only the auto-encoder is trained."""
    adversarial_lr_scale: float = 0.2
    """Multiplies the learning rate of the generator of codes and of what is trained with or against it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "code_width", "prior_width", "hidden_width")
        check_at_least(self, 0, "code_noise", "adversarial_lr_scale")
        check_between(self, 0, 1, "adversarial_start")
