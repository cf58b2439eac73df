"""Settings of contrastive predictive coding. Imports nothing heavy: the command line's help is made from
it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_above, check_at_least, check_between

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
        check_between(self, 1, FURTHEST, "horizons")
        check_at_least(self, 1, "context_width")
        check_above(self, 0, "temperature")
