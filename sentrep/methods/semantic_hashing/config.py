"""Settings of semantic hashing."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.utils.checks import check_at_least
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class SemanticHashingConfig:
    """Semantic hashing (Salakhutdinov & Hinton 2009; Shen et al. 2018): binary codes from which the words of
    a sentence can be predicted.

    Example:
        >>> SemanticHashingConfig(bits=64).bits
        64
    """

    bits: int = 64
    """Length of the code; a multiple of 8."""
    hidden_width: int = 256
    """Width of the layer between the encoder's vectors and the bits."""
    code_noise: float = 0.7
    """Standard deviation of the noise on the code that the decoder reads."""
    code_weight: float = 0.02
    """Weight γ of the KL divergence of each sentence's bits from probability ½; it rises over the first
    30 % of the run."""
    balance_weight: float = 1.0
    """Weight δ of the KL divergence of the bits' mean over a batch from probability ½."""
    train_encoder: bool = False
    """Also train the encoder. By default, only the layers behind it are trained."""

    def __post_init__(self) -> None:
        if self.bits < 8 or self.bits % 8:
            raise InputError(f"{opt('bits')} {self.bits} must be a multiple of 8")
        check_at_least(self, 1, "hidden_width")
        check_at_least(self, 0, "code_noise", "code_weight", "balance_weight")
