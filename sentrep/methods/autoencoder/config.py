"""Settings of the auto-encoder. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.modules.decoder_settings import DecoderSettings
from sentrep.utils.checks import check_at_least, check_share


@dataclass(frozen=True)
class AutoencoderConfig(DecoderSettings):
    """Auto-encoder (Dai & Le 2015; Wang et al. 2021): generate a sentence from the vector of the sentence
    with noise.

    Example:
        >>> AutoencoderConfig(delete=0.3).delete
        0.3
    """

    decoder: Literal["gru", "memory"] = "gru"
    """'gru' reads the vector in every gate; 'memory' is a transformer that reads it by cross-attention, with
    the token embeddings of the encoder. With a pretrained encoder, 'memory' is TSDAE."""
    decoder_layers: int = 1
    """Layers of the decoder 'memory'."""
    decoder_lr_scale: float = 1.0
    """Multiplies the learning rate of the decoder, which starts at random. With a pretrained encoder, whose
    learning rate is low, a short run needs 10 or more."""
    delete: float = 0.6
    """Share of the tokens that are deleted before the encoder reads a sentence, drawn anew each time (TSDAE:
    0.6). Without any noise the method is a plain auto-encoder."""
    mask: float = 0.0
    """Share of the tokens that are replaced by the mask token."""
    substitute: float = 0.0
    """Share of the tokens that are replaced by random ones."""
    shuffle: int = 0
    """Largest number of places that a token is moved; 0 keeps the order."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least(self, 1, "decoder_layers")
        check_at_least(self, 0, "shuffle", "decoder_lr_scale")
        check_share(self, "delete", "mask", "substitute")
