"""Settings of mining. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sentrep.utils.checks import check_at_least, check_between, check_seed
from sentrep.utils.errors import InputError, opt

Unit = Literal["document", "sentence"]
"""What is one text of a corpus."""
ScoreName = Literal[
    "combined",
    "words",
    "likelihood-ratio",
    "rarity",
    "neighbours",
    "distance",
    "reconstruction",
    "flow",
    "cvdd",
]


@dataclass(frozen=True)
class TermSettings:
    """How terms are found.

    Example:
        >>> TermSettings(k=50, language="de").k
        50
    """

    k: int = 200
    """Largest number of terms that are returned."""
    least: int = 0
    """Smallest number of occurrences of a term. 0: 2, or 3 if the corpus has 100,000 words or more."""
    language: str = "auto"
    """English name or code of the language. No term begins or ends with a stop word of it; 'zh' and 'ja' have
    terms of characters; 'auto' detects it."""
    cohesion: float = 0.5
    """Smallest cohesion of a term of several words, in nats."""
    boundary: float = 0.0
    """Smallest branching entropy at either end, in nats."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "k")
        check_at_least(self, 0, "least", "cohesion", "boundary")


@dataclass(frozen=True)
class DuplicateSettings:
    """When two texts are duplicates.

    Example:
        >>> DuplicateSettings(threshold=0.8).threshold
        0.8
    """

    threshold: float = 0.7
    """Smallest Jaccard similarity of their shingles; 1 leaves texts with equal shingles."""
    cosine: float = 0.9
    """Smallest cosine of their vectors, where there is a model or a folder of vectors."""
    unit: Unit = "document"
    """What is compared: 'document' (a record, a file, or a line of a text file with a sentence a line), or
    'sentence'."""

    def __post_init__(self) -> None:
        check_between(self, 0.1, 1, "threshold")
        check_between(self, -1, 1, "cosine")


@dataclass(frozen=True)
class AnomalySettings:
    """How texts are scored.

    Example:
        >>> AnomalySettings("neighbours", unit="sentence").score
        'neighbours'
    """

    score: ScoreName = "combined"
    """'words' (likelihood ratio plus rarity), 'likelihood-ratio' and 'rarity' compare words; 'neighbours',
    'distance', 'reconstruction' and 'flow' compare vectors, 'cvdd' vectors of words: of a model or, without
    one, of latent semantic analysis. 'combined' is words plus neighbours."""
    unit: Unit = "document"
    """What is scored: 'document' (a record, a file, or a line of a text file with a sentence a line), or
    'sentence'."""
    seed: int = 0
    """Seed of the division into parts, and of the permutations of the test of drift."""

    def __post_init__(self) -> None:
        check_seed(self.seed)


@dataclass(frozen=True)
class ClusterSettings:
    """How texts are clustered.

    Example:
        >>> ClusterSettings(k=8).k
        8
    """

    unit: Unit = "document"
    """What is clustered: 'document' (a record, a file, or a line of a text file with a sentence a line), or
    'sentence'."""
    k: int | Literal["auto"] = "auto"
    """Number of clusters of k-means. 'auto' chooses the number with the largest product of mean silhouette
    and agreement over seeds."""
    method: Literal["k-means", "hdbscan"] = "k-means"
    """'hdbscan' determines the number of clusters itself; some texts are in no cluster."""
    smallest: int = 10
    """Smallest number of texts in a cluster of 'hdbscan'."""
    seeds: int = 5
    """Number of runs of k-means, from which the agreement is computed; the first one is returned."""
    seed: int = 0
    """Seed of the first run."""

    def __post_init__(self) -> None:
        check_seed(self.seed)
        check_at_least(self, 1, "seeds")
        check_at_least(self, 2, "smallest")
        if self.k != "auto" and self.k < 1:
            raise InputError(f"{opt('k')} {self.k}: must be 1 or more, or 'auto'")
