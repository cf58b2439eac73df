"""Settings of the auto-encoder with discrete codes. Imports nothing heavy: the command line's help is made
from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.utils.checks import check_at_least, check_between
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class VQVAEConfig(DecoderSettings):
    """Auto-encoder with discrete codes (van den Oord et al. 2017): generate a sentence from a code of a few
    bytes.

    Example:
        >>> VQVAEConfig(codebook_size=64).codebook_size
        64
    """

    quantizer: Literal["residual", "one-hot", "scalar"] = "residual"
    """'residual': each level codes what the levels before it have left; 'one-hot': one cluster a sentence, by
    Gumbel-softmax; 'scalar': rounded dimensions (FSQ)."""
    code_levels: int = 8
    """Numbers of a code: 8 of 256 values are 8 bytes a sentence. 'one-hot' has one."""
    codebook_size: int = 256
    """Values of a number, at most 256 ('residual', 'one-hot')."""
    scalar_sizes: tuple[int, ...] = (8, 5, 5, 5)
    """'scalar': values of the dimensions, repeated until a code has `code_levels` numbers."""
    code_width: int = 32
    """Width to which vectors are projected before they are quantized."""
    commitment: float = 0.25
    """'residual': weight of the squared distance between vector and code."""
    codebook_decay: float = 0.95
    """'residual': decay of the moving averages of the codebooks."""
    level_dropout: float = 0.3
    """'residual': probability that the decoder reads only the first levels, so that these carry most of
    the information."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "code_levels", "code_width")
        check_at_least(self, 0, "commitment")
        check_between(self, 0, 1, "codebook_decay", "level_dropout")
        check_between(self, 2, 256, "codebook_size")
        if not self.scalar_sizes or not all(2 <= size <= 256 for size in self.scalar_sizes):
            raise InputError(f"{opt('scalar_sizes')} {self.scalar_sizes}: numbers between 2 and 256")

    @property
    def scalars(self) -> tuple[int, ...]:
        """Values of each dimension of 'scalar'."""
        times = -(-self.code_levels // len(self.scalar_sizes))
        return (self.scalar_sizes * times)[: self.code_levels]
