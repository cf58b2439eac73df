"""Settings of decoding. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class DecodingConfig:
    """How sentences are read out of a decoder."""

    how: Literal["beam", "greedy", "nucleus"] = "beam"
    """'beam' looks for the likeliest sentences, 'greedy' takes the likeliest token each time, 'nucleus' draws
    tokens by chance."""
    k: int = 1
    """Sentences to write from each one given: the best of the beam, or so many drawn."""
    beam: int = 5
    """'beam': hypotheses that are followed at once."""
    length_norm: float = 0.6
    """'beam': log-probabilities are divided by ((5 + n) / 6) to this power, n counting tokens and end (Wu et
    al. 2016, section 7); 0 leaves them alone, which favours short sentences."""
    top_p: float = 0.9
    """'nucleus': draw from the likeliest tokens that have this probability together (Holtzman et al. 2020,
    section 3.1)."""
    temperature: float = 1.0
    """'nucleus': divides the log-probabilities before; below 1 is more careful."""
    at_least: int = 1
    """Fewest tokens of a sentence."""
    at_most: int = 40
    """Most tokens of a sentence."""
    seed: int = 0
    """'nucleus': of the draws."""

    def __post_init__(self) -> None:
        if self.beam < 1 or self.k < 1:
            raise InputError(f"{opt('beam')} {self.beam} and {opt('k')} {self.k} must be 1 or more")
        if self.how == "beam" and self.k > self.beam:
            raise InputError(
                f"{opt('k')} {self.k} is more than a beam of {self.beam} gives; raise {opt('beam')}"
            )
        if self.how == "greedy" and self.k > 1:
            raise InputError(
                f"{opt('k')} {self.k}: {opt('how')} greedy gives one sentence; beam and nucleus give several"
            )
        if not 0 <= self.at_least <= self.at_most:
            raise InputError(
                f"{opt('at_least')} {self.at_least} {opt('at_most')} {self.at_most}: 0 or more, and the least not above the most"
            )
        if not 0 < self.top_p <= 1:
            raise InputError(f"{opt('top_p')} {self.top_p} is a probability: above 0, at most 1")
        if self.temperature <= 0:
            raise InputError(
                f"{opt('temperature')} {self.temperature} must be positive; for the likeliest token take {opt('how')} greedy"
            )
        if self.length_norm < 0:
            raise InputError(f"{opt('length_norm')} {self.length_norm} must be 0 or more")
