"""Settings of decoding. This module imports nothing heavy: the command line builds its help from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from sentrep.utils.checks import check_at_least, check_seed
from sentrep.utils.errors import InputError, opt

BEAM_WIDTH = 5
"""Usual width of the beam."""


@dataclass(frozen=True)
class DecodingConfig:
    """How a decoder generates text.

    Example:
        >>> DecodingConfig("nucleus", k=3, top_p=0.8).max_length
        40
    """

    strategy: Literal["beam", "greedy", "nucleus"] = "beam"
    """'beam' searches for the most likely sentences, 'greedy' takes the most likely token at each step,
    'nucleus' samples tokens."""
    k: int = 1
    """Number of sentences for each input: the best ones of the beam, or the number of samples."""
    beam_width: int | None = None
    """'beam': number of hypotheses that are kept at each step. Unset: 5, or `k` if that is more."""
    length_norm: float = 0.6
    """'beam': log-probabilities are divided by ((5 + n) / 6) to this power, n counting the tokens and the end
    (Wu et al. 2016, section 7). 0 does not normalise, which favours short sentences."""
    top_p: float = 0.9
    """'nucleus': samples come from the most likely tokens that have this probability together (Holtzman et
    al. 2020, section 3.1)."""
    temperature: float = 1.0
    """'nucleus': divides the log-probabilities before sampling; below 1 samples likely tokens more often."""
    min_length: int = 1
    """Smallest number of tokens of a sentence."""
    max_length: int = 40
    """Largest number of tokens of a sentence."""
    seed: int = 0
    """'nucleus': seed of the samples."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "k", "beam_width")
        check_at_least(self, 0, "min_length", "max_length", "length_norm")
        check_seed(self.seed)
        if self.strategy == "beam" and self.k > self.hypotheses:
            raise InputError(
                f"{opt('k')} {self.k}: a beam of {self.beam_width} gives no more sentences than that; "
                f"raise {opt('beam_width')}, or leave it out"
            )
        if self.strategy == "greedy" and self.k > 1:
            raise InputError(
                f"{opt('k')} {self.k}: {opt('strategy')} greedy gives one sentence; "
                "beam and nucleus give several"
            )
        if self.min_length > self.max_length:
            raise InputError(
                f"{opt('min_length')} {self.min_length} is larger than {opt('max_length')} {self.max_length}",
                setting="min_length" if self.max_length else "max_length",
            )
        if not 0 < self.top_p <= 1:
            raise InputError(f"{opt('top_p')} {self.top_p}: must be above 0 and at most 1")
        if self.temperature <= 0:
            raise InputError(
                f"{opt('temperature')} {self.temperature}: must be positive; "
                f"for the most likely token use {opt('strategy')} greedy"
            )

    def with_marks(self, count: int) -> DecodingConfig:
        """The same for sentences that have so many special tokens around them, which are not counted.

        >>> longer = DecodingConfig(max_length=10).with_marks(2)
        >>> longer.min_length, longer.max_length
        (3, 12)
        """
        return replace(self, min_length=self.min_length + count, max_length=self.max_length + count)

    @property
    def hypotheses(self) -> int:
        """Width of the beam.

        >>> [DecodingConfig(k=k).hypotheses for k in (1, 20)], DecodingConfig(beam_width=2).hypotheses
        ([5, 20], 2)
        """
        return max(BEAM_WIDTH, self.k) if self.beam_width is None else self.beam_width
