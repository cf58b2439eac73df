"""Which encoder to build. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sentrep.utils.errors import InputError, opt

SCRATCH = ("bag", "gru", "lstm", "conv", "transformer")
LAYERS = {"bag": 0, "gru": 1, "lstm": 1, "conv": 1, "transformer": 6}
MOST_WORDS_ADDED = 100_000
"""Words that `expand` adds at most by default: 248 MB at skip-thought's token width of 620, where all of its
930,911 took 2.3 GB a table."""
TABLES = ("gru", "lstm", "conv")
"""What has a token table of a width of its own."""


@dataclass(frozen=True)
class EncoderConfig:
    """What turns tokens into a vector."""

    encoder: str = "bag"
    """'bag', 'gru', 'lstm', 'conv' or 'transformer' start from nothing; anything else is the path or name of
    a sentence-transformers or transformers model, which is trained further."""
    width: int = 512
    """Width of the sentence vector (both directions of a bidirectional encoder together)."""
    layers: int | None = None
    """Layers above the token table. Unset: 0 for 'bag' (the vector is the weighted mean itself), 1 for 'gru',
    'lstm' and 'conv', 6 for 'transformer'."""
    token_width: int = 300
    """Width of the token table of 'gru', 'lstm' and 'conv'; 'bag' and 'transformer' use `width`."""
    bidirectional: bool = True
    """Read both ways ('gru', 'lstm')."""
    kernel: int = 5
    """'conv': tokens that a state sees, its own in the middle; odd."""
    pooling: Literal["mean", "max", "last"] = "mean"
    """How the states of all but 'bag' become one vector; 'last' is the papers' final state ('gru',
    'lstm')."""
    dropout: float = 0.0
    """Dropout between layers."""
    frequency: float = 1e-3
    """'bag': the weight of token w starts at a/(a+p(w)) with this a (SIF, Arora et al. 2017, section 3); 0
    starts all at 1."""
    saturation: float = 0.0
    """'bag': pass the mean through tanh with this gain (0.3 to 0.6 are good ones); 0 leaves it alone. A word
    said twenty times then counts less than twenty times, as in BM25, which helps where long texts are
    searched. The token table starts sparse for it, and with words that begin alike near each other."""
    vectors: Path | None = None
    """Word vectors to start the token table from, where tokens match ('transformer' has none): word2vec,
    GloVe or fastText as text, word2vec's .bin, either also .gz; or the folder of a model."""
    freeze_vectors: bool = False
    """Keep the token table as `vectors` gives it: the frozen channel of multi-channel quick-thought (combine
    two models)."""

    def __post_init__(self) -> None:
        if self.width < 1 or self.token_width < 1:
            raise InputError(
                f"{opt('width')} {self.width} and {opt('token_width')} {self.token_width} must be positive"
            )
        if self.layers is not None and self.layers < (self.encoder != "bag"):
            raise InputError(
                f"{opt('layers')} {self.layers}: 'bag' takes 0 or more, other encoders 1 or more"
            )
        if not 0 <= self.dropout < 1:
            raise InputError(f"{opt('dropout')} {self.dropout} is a share of the values: 0 or more, below 1")
        if self.encoder in ("gru", "lstm") and self.bidirectional and self.width % 2:
            raise InputError(
                f"{opt('width')} {self.width} is odd, but a bidirectional encoder gives half of "
                "it to each direction"
            )
        if self.encoder == "transformer" and self.width % self.heads:
            raise InputError(
                f"{opt('width')} {self.width} must be a multiple of 64 for a transformer (64 a "
                "head), or at most 64"
            )
        if self.encoder in ("transformer", "conv") and self.pooling == "last":
            raise InputError(
                f"{opt('pooling')} last is for 'gru' and 'lstm'; {self.encoder!r} takes mean or max"
            )
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise InputError(
                f"{opt('kernel')} {self.kernel} must be odd: a token, and as many on either side"
            )
        if self.frequency < 0 or self.saturation < 0:
            raise InputError(
                f"{opt('frequency')} {self.frequency} and {opt('saturation')} {self.saturation} "
                "must be 0 or more"
            )
        if self.freeze_vectors and self.vectors is None:
            raise InputError(f"{opt('freeze_vectors')} needs {opt('vectors')} FILE")
        if self.vectors is not None and self.encoder not in ("bag", *TABLES):
            raise InputError(
                f"{opt('vectors')} fills the token table of bag, gru, lstm and conv; "
                f"{self.encoder!r} has one of its own"
            )

    @property
    def scratch(self) -> bool:
        """Whether the encoder starts from random weights."""
        return self.encoder in SCRATCH

    @property
    def heads(self) -> int:
        """Attention heads of a transformer: 64 wide each."""
        return max(1, self.width // 64)

    @property
    def depth(self) -> int:
        """Layers above the token table."""
        return LAYERS[self.encoder] if self.layers is None else self.layers
