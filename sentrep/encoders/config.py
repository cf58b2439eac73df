"""Settings of an encoder. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sentrep.utils.checks import check_at_least, check_share
from sentrep.utils.errors import InputError, opt

SCRATCH = ("bag", "gru", "lstm", "conv", "transformer")
LAYERS = {"bag": 0, "gru": 1, "lstm": 1, "conv": 1, "transformer": 6}
MOST_WORDS_ADDED = 100_000
"""Default limit of the words that `expand` adds: 248 MB at skip-thought's token width of 620. All 930,911
words of its vectors took 2.3 GB per table."""
TABLES = ("gru", "lstm", "conv")
"""Encoders with a separate width of the token table."""


@dataclass(frozen=True)
class EncoderConfig:
    """Architecture of the encoder: how token ids become a sentence vector.

    Example:
        >>> EncoderConfig("gru", width=256).width
        256
    """

    encoder: str = "bag"
    """'bag', 'gru', 'lstm', 'conv' or 'transformer' start from random weights; any other value is the path
    or name of a sentence-transformers or transformers model, which is trained further."""
    width: int = 512
    """Width of the sentence vector (both directions of a bidirectional encoder together)."""
    layers: int | None = None
    """Layers above the token table. Unset: 0 for 'bag' (the vector is the weighted mean), 1 for 'gru',
    'lstm' and 'conv', 6 for 'transformer'."""
    token_width: int = 300
    """Width of the token table of 'gru', 'lstm' and 'conv'; 'bag' and 'transformer' use `width`."""
    bidirectional: bool = True
    """Read in both directions ('gru', 'lstm')."""
    kernel: int = 5
    """'conv': kernel size in tokens; odd."""
    pooling: Literal["mean", "max", "last", "attention", "capsule"] = "mean"
    """Pooling of the states, except for 'bag'; 'last' is the final state, as in the papers ('gru', 'lstm').
    'attention' and 'capsule' give the vector in `capsules` parts, each of which weights the tokens itself:
    by a learned score, or by routing to capsules."""
    capsules: int = 8
    """'attention' and 'capsule': number of parts of the vector; divides `width`."""
    routing: Literal["dynamic", "em"] = "dynamic"
    """'capsule': routing by agreement (Sabour et al. 2017), or by expectation maximisation (Hinton et al.
    2018)."""
    routing_rounds: int = 3
    """'capsule': rounds of routing; with 1, each capsule gets an equal share of every token."""
    positions: Literal["learned", "sinusoidal", "relative", "rotary", "alibi", "none"] = "learned"
    """'transformer': how it knows the order of tokens. 'learned': a row for each position, at most as many
    as training has; all others also read longer texts. 'alibi' opens with `sentrep.load` only."""
    dropout: float = 0.0
    """Dropout between layers."""
    frequency: float = 1e-3
    """'bag': parameter a of the initial token weights a/(a+p(w)) (SIF, Arora et al. 2017, section 3); 0
    sets all of them to 1."""
    log_weights: bool = False
    """'bag': learn the logarithms of the token weights: no weight becomes negative, and a step changes those
    of frequent and of rare tokens by the same factor."""
    warm_start: Literal["none", "ppmi", "ppmi-ngrams", "fasttext"] = "none"
    """'bag': initial rows of the token table. 'none': random rows. 'ppmi': rows fitted to the neighbours of
    each token in the corpus (PPMI-SVD), once for each corpus; random rows for tokens without neighbours.
    'ppmi-ngrams': the same, completed by the character n-grams of the tokens, which helps rare tokens and
    search. 'fasttext': whitened vectors of a skip-gram fastText model; needs gensim, and five minutes for a
    million sentences."""
    saturation: float = 0.0
    """'bag': gain of a tanh that is applied to the mean (0.3 to 0.6 work well); 0 disables it. Repeated
    words then count less than in proportion, as in BM25, which helps in search of long texts. The token
    table is initialised with sparse rows, and words with the same first letters with similar rows."""
    vectors: Path | None = None
    """Word vectors that initialise the token table, for tokens that they contain ('transformer' has none):
    word2vec, GloVe or fastText as text, word2vec's .bin, each also as .gz; or the folder of a model."""
    freeze_vectors: bool = False
    """Keep the token table of `vectors` fixed: the frozen channel of multi-channel quick-thought (combine
    two models)."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "width", "token_width")
        check_at_least(self, 0, "frequency", "saturation")
        check_share(self, "dropout")
        if self.layers is not None and self.layers < (self.encoder != "bag"):
            raise InputError(
                f"{opt('layers')} {self.layers}: 'bag' takes 0 or more, other encoders 1 or more"
            )
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
        self._check_pooling()
        if self.positions != "learned" and self.encoder != "transformer":
            raise InputError(
                f"{opt('positions')} {self.positions} is for the encoder 'transformer', not for "
                f"{self.encoder!r}"
            )
        if self.positions == "rotary" and self.width // self.heads % 2:
            raise InputError(
                f"{opt('width')} {self.width}: {opt('positions')} rotary turns pairs, so the width of a head "
                "must be even"
            )
        if self.encoder in ("transformer", "conv") and self.pooling == "last":
            raise InputError(
                f"{opt('pooling')} last is for 'gru' and 'lstm'; {self.encoder!r} takes mean or max"
            )
        if self.kernel < 1 or self.kernel % 2 == 0:
            raise InputError(
                f"{opt('kernel')} {self.kernel} must be odd: a token, and the same number on either side"
            )
        if self.freeze_vectors and self.vectors is None:
            raise InputError(f"{opt('freeze_vectors')} needs {opt('vectors')} FILE")
        if self.encoder != "bag" and (self.warm_start != "none" or self.log_weights):
            setting = "log_weights" if self.log_weights else "warm_start"
            raise InputError(f"{opt(setting)} is for the encoder 'bag', not for {self.encoder!r}")
        if self.warm_start != "none" and (self.vectors is not None or self.saturation):
            other = "saturation" if self.vectors is None else "vectors"
            raise InputError(
                f"{opt('warm_start')} and {opt(other)} both determine the rows; give one of them"
            )
        if self.vectors is not None and self.encoder not in ("bag", *TABLES):
            raise InputError(
                f"{opt('vectors')} fills the token table of bag, gru, lstm and conv; "
                f"{self.encoder!r} has one of its own"
            )

    def _check_pooling(self) -> None:
        check_at_least(self, 1, "capsules", "routing_rounds")
        if not self.pools_parts:
            return
        if self.encoder not in SCRATCH[1:]:
            raise InputError(
                f"{opt('pooling')} {self.pooling} is for {', '.join(SCRATCH[1:])}, not for {self.encoder!r}"
            )
        if self.width % self.capsules:
            raise InputError(
                f"{opt('capsules')} {self.capsules} must divide {opt('width')} {self.width}: each is a part "
                "of the vector"
            )

    @property
    def pools_parts(self) -> bool:
        """Whether a module of its own pools the states of the encoder."""
        return self.pooling in ("attention", "capsule")

    @property
    def scratch(self) -> bool:
        """Whether the encoder starts from random weights."""
        return self.encoder in SCRATCH

    @property
    def heads(self) -> int:
        """Number of attention heads of a transformer, each 64 wide."""
        return max(1, self.width // 64)

    @property
    def depth(self) -> int:
        """Layers above the token table."""
        return LAYERS[self.encoder] if self.layers is None else self.layers
