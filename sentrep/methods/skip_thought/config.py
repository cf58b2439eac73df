"""Settings of skip-thought. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least


@dataclass(frozen=True)
class SkipThoughtConfig:
    """Skip-thought (Kiros et al. 2015): generate the previous and the next sentence from the vector of a
    sentence.

    Example:
        >>> SkipThoughtConfig(samples=0).samples
        0
    """

    write: Literal["neighbours", "neighbours-and-itself", "itself"] = "neighbours"
    """What is generated from the vector of a sentence: its neighbours (the paper), its neighbours and the
    sentence itself, or only the sentence itself, which is a sequence auto-encoder (Dai & Le 2015)."""
    condition: Literal["every-gate", "first-state"] = "every-gate"
    """How the decoder reads the vector: in every gate at every step (the paper), or as its first state
    (the released code)."""
    decoder_width: int = 512
    """Width of the decoder states (the paper: 2400)."""
    decoder_token_width: int = 300
    """Width of the decoders' token embeddings (the paper: 620)."""
    layer_norm: bool = False
    """Apply layer normalisation to the gates of the decoders (Ba et al. 2016)."""
    longest: int = 30
    """Tokens of a sentence that are generated; longer sentences are cut (the released code excludes them)."""
    samples: int = 2048
    """Size of the sampled softmax in training, drawn for each batch; 0 uses the whole vocabulary (the
    paper). Evaluation always uses the whole vocabulary."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "decoder_width", "decoder_token_width", "longest")
        check_at_least(self, 0, "samples")
