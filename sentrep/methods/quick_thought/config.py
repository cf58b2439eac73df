"""Settings of quick-thought. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class QuickThoughtConfig:
    """Quick-thought (Logeswaran & Lee 2018): which sentence of the batch stands next to this one?"""

    target: Literal["each", "rest"] = "each"
    """'each': every neighbour in the window is a target (the paper). 'rest': one sentence of each run, drawn
    anew each time, must find the rest of its run, read as one text, and the rest it (the inverse cloze task,
    Lee et al. 2019); made for search, where short texts look for long ones."""
    window: int = 1
    """'each': neighbours on each side that are targets (the paper: 1)."""
    lead: float = 0.0
    """'rest': share of the draws that take the first sentence of the run, where it sums up what follows as a
    title does."""
    keep: float = 0.0
    """'rest': share of the draws in which the sentence stays in its text as well, so that its words count too
    (Lee et al.: 0.1)."""
    towers: Literal["shared", "separate"] = "shared"
    """Encoders of sentence (f) and of context (g): one and the same, or two with nothing in common (the
    paper)."""
    score: Literal["cosine", "dot"] = "cosine"
    """Cosine over `temperature`, or the plain dot product (the paper)."""
    temperature: float = 0.05
    """Divides the cosine."""
    negatives: Literal["all", "other-segments", "other-documents"] = "other-segments"
    """Which sentences of the batch stand against the targets: all others (the paper), those of other runs or
    other documents. Called negatives, sentences of the same text teach the vector to forget its topic: that
    costs similarity and most search."""
    word_dropout: float = 0.0
    """Share of the tokens left out at random whenever a sentence is read in training."""
    self_as_zero: bool = False
    """Keep the sentence itself among its candidates with score 0, as the authors' released code does; off, it
    is left out."""
    export: Literal["both", "f", "g"] = "both"
    """Separate towers: export [f; g], each normalised (the paper), or one of them."""

    def __post_init__(self) -> None:
        if self.window < 1:
            raise InputError(f"{opt('window')} {self.window}: at least 1 neighbour on each side is needed")
        if self.temperature <= 0:
            raise InputError(f"{opt('temperature')} {self.temperature} must be positive")
        if not 0 <= self.lead <= 1:
            raise InputError(f"{opt('lead')} {self.lead} is a share of the draws: from 0 to 1")
        if not 0 <= self.keep <= 1:
            raise InputError(f"{opt('keep')} {self.keep} is a share of the draws: from 0 to 1")
        if not 0 <= self.word_dropout < 1:
            raise InputError(
                f"{opt('word_dropout')} {self.word_dropout} is a share of the tokens: 0 or more, below 1"
            )
        if self.target == "rest" and self.self_as_zero:
            raise InputError(
                f"{opt('self_as_zero')} belongs to {opt('target')} each: with 'rest' no candidate "
                "is the sentence itself"
            )
