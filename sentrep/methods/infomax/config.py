"""Settings of InfoMax. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class InfoMaxConfig:
    """Deep InfoMax on text (Hjelm et al. 2019; Zhang et al. 2020): predict whether a vector belongs to a
    sentence.

    Example:
        >>> InfoMaxConfig(feature_width=128).feature_width
        128
    """

    discriminator: Literal["tokens", "sentence"] = "tokens"
    """What the discriminator compares with a vector: 'tokens', each token with its neighbours (local, as
    in IS-BERT), or 'sentence', their mean, which gives one comparison per sentence and vector."""
    features: Literal["own", "encoder"] = "own"
    """Input of the discriminator: token embeddings of its own, or the encoder's states (IS-BERT); the
    states of a bag are its token embeddings."""
    windows: tuple[int, ...] = (1, 3, 5)
    """Window sizes of the discriminator's convolutions in tokens; odd numbers."""
    feature_width: int = 256
    """Output width of each convolution (IS-BERT: 256)."""
    discriminator_token_width: int = 300
    """Width of the discriminator's own token embeddings."""

    def __post_init__(self) -> None:
        if not self.windows or any(window < 1 or window % 2 == 0 for window in self.windows):
            raise InputError(f"{opt('windows')} {' '.join(map(str, self.windows))}: one odd number or more")
        check_at_least(self, 1, "feature_width", "discriminator_token_width")
