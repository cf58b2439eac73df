"""Settings of mining. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least
from sentrep.utils.errors import InputError, opt


@dataclass(frozen=True)
class TermSettings:
    """How terms are found."""

    k: int = 200
    """Terms that are returned, at most."""
    least: int = 0
    """Smallest number of occurrences; 0 chooses by the size of the corpus: 2, or 3 from 100,000 words on."""
    language: str = "auto"
    """English name or code of the language, whose stop words no term begins or ends with; 'zh' or 'ja' for
    terms of characters; 'auto' guesses it."""
    cohesion: float = 0.5
    """Smallest cohesion of a term of several words, in nats."""
    boundary: float = 0.0
    """Smallest branching entropy at either end, in nats."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "k")
        check_at_least(self, 0, "least", "cohesion", "boundary")


@dataclass(frozen=True)
class ClusterSettings:
    """How texts are clustered."""

    unit: Literal["document", "sentence"] = "document"
    """What is clustered: 'document' (a record, a file, or a line of a text file with a sentence a line), or
    'sentence'."""
    k: int | Literal["auto"] = "auto"
    """Clusters of k-means; 'auto' takes the number with the largest product of mean silhouette and agreement
    over seeds."""
    method: Literal["k-means", "hdbscan"] = "k-means"
    """'hdbscan' finds the number of clusters itself, and leaves texts outside of all of them."""
    smallest: int = 10
    """Texts in a cluster of 'hdbscan', at least."""
    seeds: int = 5
    """Runs of k-means that are compared; the first is the one that is returned."""
    seed: int = 0
    """Of the first run."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "seeds")
        check_at_least(self, 2, "smallest")
        if self.unit not in ("document", "sentence"):
            raise InputError(f"{opt('unit')} {self.unit!r}: 'document' or 'sentence'")
        if self.k != "auto" and self.k < 1:
            raise InputError(f"{opt('k')} {self.k}: must be 1 or more, or 'auto'")
