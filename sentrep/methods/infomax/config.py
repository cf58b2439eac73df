"""Settings of InfoMax. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class InfoMaxConfig:
    """Deep InfoMax on text (Hjelm et al. 2019; Zhang et al. 2020): is this vector the vector of this
    sentence?"""

    discriminator: Literal["tokens", "sentence"] = "tokens"
    """What is held against a vector: each token with those around it (local, as in IS-BERT), or their mean,
    so that there is one question a sentence: the plain matching discriminator."""
    features: Literal["own", "encoder"] = "own"
    """What the discriminator reads of a token: a row of its own, or the encoder's state of it (IS-BERT); of a
    bag its row."""
    windows: tuple[int, ...] = (1, 3, 5)
    """Tokens around each one that the discriminator sees, a convolution for each window; odd numbers."""
    feature_width: int = 256
    """Width of what each of them gives (IS-BERT: 256)."""
    discriminator_token_width: int = 300
    """Width of the token rows that it reads, if they are its own."""

    def __post_init__(self) -> None:
        if not self.windows or any(window < 1 or window % 2 == 0 for window in self.windows):
            raise InputError(f"{opt('windows')} {' '.join(map(str, self.windows))}: one odd number or more")
        if min(self.feature_width, self.discriminator_token_width) < 1:
            widths = (
                f"{opt('feature_width')} {self.feature_width} and "
                f"{opt('discriminator_token_width')} {self.discriminator_token_width}"
            )
            raise InputError(f"{widths} must be 1 or more")
