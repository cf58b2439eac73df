"""Settings of contrastive predictive coding. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.errors import InputError, opt

FURTHEST = 12


@dataclass(frozen=True)
class CPCConfig:
    """Contrastive predictive coding (van den Oord et al. 2018): which sentence comes k sentences later?"""

    horizons: int = 3
    """How many sentences ahead are predicted, each distance with a map of its own (the paper: 3; at most
    12)."""
    negatives: Literal["same-document", "other-documents", "both"] = "both"
    """Which sentences stand against the one to come: others of the run's document, those of other documents,
    or both."""
    context_width: int = 512
    """Width of the network that reads a document's sentences one after the other (the paper: 2400)."""
    normalize: bool = True
    """Score predictions against sentences' vectors of unit length; if not, of the length that they have (the
    paper)."""
    temperature: float = 0.02
    """Divides the scores (the paper: 1)."""

    def __post_init__(self) -> None:
        if not 1 <= self.horizons <= FURTHEST:
            raise InputError(f"{opt('horizons')} {self.horizons} must be 1 to {FURTHEST}")
        if self.context_width < 1:
            raise InputError(f"{opt('context_width')} {self.context_width} must be positive")
        if self.temperature <= 0:
            raise InputError(f"{opt('temperature')} {self.temperature} must be positive")
