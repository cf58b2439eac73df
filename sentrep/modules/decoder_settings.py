"""Settings of a decoder that generates sentences from a code. Imports nothing heavy: the command line's help
is made from it."""

from __future__ import annotations

from dataclasses import dataclass

from sentrep.utils.checks import check_at_least, check_share


@dataclass(frozen=True)
class DecoderSettings:
    """Sizes of the decoder, and what it reads in training.

    >>> DecoderSettings(decoder_width=256).longest
    30
    """

    decoder_width: int = 512
    """Width of the decoder states."""
    decoder_token_width: int = 300
    """Width of the decoder's token embeddings."""
    longest: int = 30
    """Tokens of a sentence that are generated; longer sentences are cut."""
    samples: int = 2048
    """Size of the sampled softmax in training, drawn for each batch; 0 uses the whole vocabulary. Evaluation
    always uses the whole vocabulary."""
    input_dropout: float = 0.3
    """Share of the decoder's input tokens that are hidden in training, so that it has to use the code
    (Bowman et al. 2016, section 3.2)."""
    decoder_dropout: float = 0.0
    """Dropout of the decoder's token embeddings and of its states before the softmax."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "decoder_width", "decoder_token_width", "longest")
        check_at_least(self, 0, "samples")
        check_share(self, "input_dropout", "decoder_dropout")
