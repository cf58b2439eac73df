"""Settings of skip-thought. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class SkipThoughtConfig:
    """Skip-thought (Kiros et al. 2015): write the previous and the next sentence, given this one's vector."""

    write: Literal["neighbours", "neighbours-and-itself", "itself"] = "neighbours"
    """What is written from a sentence's vector: the sentences around it (the paper), itself as well, or
    itself alone, which is the sequence auto-encoder (Dai & Le 2015)."""
    condition: Literal["every-gate", "first-state"] = "every-gate"
    """Where the vector enters the decoder: in every gate at every step (the paper), or as its first state
    (the released code)."""
    decoder_width: int = 512
    """Width of the decoders' states (the paper: 2400)."""
    decoder_token_width: int = 300
    """Width of the token rows that the decoders read (the paper: 620)."""
    layer_norm: bool = False
    """Normalise the decoders' gates (Ba et al. 2016)."""
    longest: int = 30
    """Tokens of a sentence that are written; the rest of a longer one is not (the released code leaves such
    sentences out)."""
    samples: int = 2048
    """Tokens that the right one is compared with in training, drawn anew for each batch; 0 compares with the
    whole vocabulary (the paper). Evaluation always does."""

    def __post_init__(self) -> None:
        if min(self.decoder_width, self.decoder_token_width, self.longest) < 1:
            sizes = (
                f"{opt('decoder_width')} {self.decoder_width}, "
                f"{opt('decoder_token_width')} {self.decoder_token_width}"
            )
            raise InputError(f"{sizes} and {opt('longest')} {self.longest} must be 1 or more")
        if self.samples < 0:
            raise InputError(
                f"{opt('samples')} {self.samples}: 0 for the whole vocabulary, or how many tokens to draw"
            )
