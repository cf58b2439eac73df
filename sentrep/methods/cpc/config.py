"""Settings of contrastive predictive coding. Imports nothing heavy: the command line's help is made from
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt

FURTHEST = 12


@dataclass(frozen=True)
class CPCConfig:
    """Contrastive predictive coding (van den Oord et al. 2018): find the sentence that comes k sentences
    later.

    Example:
        >>> CPCConfig(horizons=2).horizons
        2
    """

    horizons: int = 3
    """Largest distance that is predicted, in sentences; each distance has its own linear map (the paper:
    3; at most 12)."""
    negatives: Literal["same-document", "other-documents", "both"] = "both"
    """Source of the negatives: other sentences of the same document, sentences of other documents, or
    both."""
    context_width: int = 512
    """Width of the recurrent network over sentences (the paper: 2400)."""
    normalize: bool = True
    """Score predictions against sentence vectors of unit length; otherwise the vectors keep their length
    (the paper)."""
    temperature: float = 0.02
    """Divisor of the scores (the paper: 1)."""

    def __post_init__(self) -> None:
        if not 1 <= self.horizons <= FURTHEST:
            raise InputError(f"{opt('horizons')} {self.horizons} must be 1 to {FURTHEST}")
        if self.context_width < 1:
            raise InputError(f"{opt('context_width')} {self.context_width} must be positive")
        if self.temperature <= 0:
            raise InputError(f"{opt('temperature')} {self.temperature} must be positive")
