"""Settings of quick-thought. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_above, check_at_least, check_between, check_share
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class QuickThoughtConfig:
    """Quick-thought (Logeswaran & Lee 2018): find the neighbours of a sentence among the sentences of the
    batch.

    Example:
        >>> QuickThoughtConfig(window=2).window
        2
    """

    target: Literal["each", "rest"] = "each"
    """'each': every neighbour in the window is a target (the paper). 'rest': one sentence of each segment,
    drawn at random at each step, and the rest of the segment, read as one text, find each other (the
    inverse cloze task, Lee et al. 2019); suited to search, where short queries find long texts."""
    window: int = 1
    """'each': neighbours on each side that are targets (the paper: 1)."""
    lead: float = 0.0
    """'rest': share of the draws that take the first sentence of the segment, for texts whose first
    sentence is a summary or a title."""
    keep: float = 0.0
    """'rest': share of the draws in which the sentence also stays in its text, so that shared words are
    learned as a signal (Lee et al.: 0.1)."""
    towers: Literal["shared", "separate"] = "shared"
    """Encoders of sentence (f) and context (g): one shared encoder, or two separate ones (the paper)."""
    score: Literal["cosine", "dot"] = "cosine"
    """Cosine divided by `temperature`, or the dot product (the paper)."""
    temperature: float = 0.05
    """Divisor of the cosine."""
    negatives: Literal["all", "other-segments", "other-documents"] = "other-segments"
    """Sentences of the batch that are negatives: all others (the paper), those of other segments, or those
    of other documents. If sentences of the same text are negatives, the vectors represent its topic
    less; similarity and most search become worse."""
    word_dropout: float = 0.0
    """Share of the tokens that are dropped at random each time a sentence is read in training."""
    weight_lr: float = 1.0
    """Learning rate of a bag's token weights, as a multiple of `lr`."""
    self_as_zero: bool = False
    """Keep the sentence itself among its candidates with score 0, as the authors' released code does;
    otherwise it is excluded."""
    export: Literal["both", "f", "g"] = "both"
    """With separate towers: export [f; g], each normalised (the paper), or only one of them."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "window")
        check_above(self, 0, "temperature")
        check_at_least(self, 0, "weight_lr")
        check_between(self, 0, 1, "lead", "keep")
        check_share(self, "word_dropout")
        if self.target == "rest" and self.self_as_zero:
            raise InputError(
                f"{opt('self_as_zero')} belongs to {opt('target')} each: with 'rest' no candidate "
                "is the sentence itself"
            )
