"""Settings of baselines. Imports nothing heavy: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sentrep.utils.checks import (
    MOST_THREADS,
    check_above,
    check_at_least,
    check_between,
    check_seed,
    check_share,
)
from sentrep.utils.errors import InputError

WordModelName = Literal[
    "untrained",
    "untrained-weighted",
    "hashing",
    "word2vec",
    "fasttext",
    "sif",
    "sif-fasttext",
    "lsa",
    "nmf",
    "collection",
]
WORD_MODELS: tuple[WordModelName, ...] = get_args(WordModelName)
"""Names of the baselines that `sentrep.baselines.fit.fit` fits."""

VOCABULARY = 50_000
"""Words in the table of 'collection' at most: it takes 3 KB for each."""


@dataclass(frozen=True)
class WordModelConfig:
    """Settings of a baseline. Unset values are those of its authors, or those that were best on
    development sets.

    Example:
        >>> WordModelConfig(width=100).width
        100
    """

    width: int = 300
    """Width of the vectors; 'collection' has its own, 812 at most."""
    frequency: float = 1e-3
    """'untrained-weighted', 'sif' and 'sif-fasttext': parameter a of the token weights a/(a+p(w)) (Arora
    et al. 2017)."""
    window: int | None = None
    """Context words on each side. Unset: 5, and 15 for Doc2Vec."""
    negative: int = 5
    """Negative samples for each word."""
    sample: float | None = None
    """Threshold of frequency above which occurrences are dropped at random (Mikolov et al. 2013, section
    2.3). Unset: 1e-4, and 1e-5 for Doc2Vec."""
    whiten: bool = False
    """Decorrelate the vectors of word2vec and fastText and scale each to length 1 before they are
    averaged. Vectors learned from little text vary along few directions; this makes them much better at
    similarity and search (after Mu and Viswanath 2018)."""
    min_count: int = 5
    """Minimum number of occurrences of a word in the corpus; rarer words are not learned."""
    passage: int | None = None
    """Consecutive sentences that count as one document. Unset: 16 for 'lsa' and 'nmf', 32 for 'collection',
    4 for Doc2Vec."""
    epochs: int | None = None
    """Passes over the corpus of word2vec, fastText and Doc2Vec. Unset: 5, and 20 for Doc2Vec."""
    lr: float = 0.05
    """Initial learning rate; it falls linearly."""
    minutes: float | None = None
    """Minutes of training, instead of passes ('lsa', 'nmf' and baselines that learn nothing take the time
    that they need)."""
    inference: int = 50
    """Passes of Doc2Vec over a new text."""
    threads: int = 1
    """Threads of word2vec, fastText and Doc2Vec. With one thread the same corpus and seed give the same
    vectors; with more, nearly the same."""
    seed: int = 0
    """Seed of the random numbers."""

    def __post_init__(self) -> None:
        check_at_least(self, 1, "width", "window", "negative", "min_count", "passage", "epochs", "inference")
        check_between(self, 1, MOST_THREADS, "threads")
        check_above(self, 0, "frequency", "lr", "minutes")
        check_share(self, "sample")
        check_seed(self.seed)


def check_name(name: str) -> None:
    """Checks that a baseline can be saved as a model folder.

    Raises:
        InputError: it cannot; the message says what to do instead.
    """
    if name == "doc2vec":
        raise InputError(
            "doc2vec has to learn the vector of each text anew and is no model folder; it is "
            "measured from Python, in memory: "
            "sentrep.api.evaluate(sentrep.api.doc2vec('my/texts'), suites=['quick'])",
            setting="name",
        )
    if name not in WORD_MODELS:
        raise InputError(
            f"no baseline is called {name!r}; there are: {', '.join(WORD_MODELS)}", setting="name"
        )
