"""How baselines made of words are fitted. Light: the command line's help is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from sentrep.utils.errors import InputError, opt

WordModelName = Literal[
    "untrained",
    "untrained-weighted",
    "hashing",
    "word2vec",
    "fasttext",
    "sif",
    "sif-fasttext",
    "lsa",
    "collection",
]
WORD_MODELS: tuple[WordModelName, ...] = get_args(WordModelName)
"""What `sentrep.baselines.fit.fit` can fit."""

VOCABULARY = 50_000
"""Words in the table of 'collection' at most: it takes 3 KB for each."""


@dataclass(frozen=True)
class WordModelConfig:
    """How a baseline is fitted to a corpus. What is unset is what its authors, or we on development sets,
    found best."""

    width: int = 300
    """Width of the vectors; 'collection' has its own, 812 at most."""
    frequency: float = 1e-3
    """'untrained-weighted', 'sif' and 'sif-fasttext': token w weighs a/(a+p(w)) with this a (Arora et al.
    2017)."""
    window: int | None = None
    """Words to each side that a word is learnt from. Unset: 5, and 15 for Doc2Vec."""
    negative: int = 5
    """Words drawn at random that each word is told from."""
    sample: float | None = None
    """Words more frequent than this are left out now and then (Mikolov et al. 2013, section 2.3). Unset:
    1e-4, and 1e-5 for Doc2Vec."""
    whiten: bool = False
    """Decorrelate the vectors of word2vec and fastText and make each of length 1 before they are averaged.
    Learnt from little text, they lie along few directions; without that they are much better at similarity
    and search (after Mu and Viswanath 2018)."""
    min_count: int = 5
    """Words rarer than this in the corpus are not learnt."""
    passage: int | None = None
    """Consecutive sentences that count as one document. Unset: 8 for 'lsa', 4 for Doc2Vec."""
    epochs: int | None = None
    """Times that the corpus is read by word2vec, fastText and Doc2Vec. Unset: 5, and 20 for Doc2Vec."""
    lr: float = 0.05
    """Learning rate that they begin with; it falls in a straight line."""
    minutes: float | None = None
    """Read on until so many minutes have passed, whatever the epochs ('lsa' and what learns nothing take the
    time they need)."""
    inference: int = 50
    """Times that Doc2Vec reads a new text."""
    threads: int = 1
    """Of word2vec, fastText and Doc2Vec. With one, the same corpus and seed give the same vectors; with more,
    nearly."""
    seed: int = 0
    """Of everything drawn at random."""

    def __post_init__(self) -> None:
        for name in ("width", "window", "negative", "min_count", "passage", "epochs", "inference", "threads"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{opt(name)} {value} must be 1 or more")
        if self.frequency <= 0 or self.lr <= 0:
            raise InputError(
                f"{opt('frequency')} {self.frequency} and {opt('lr')} {self.lr} must be above 0; "
                "1e-3 and 0.05 are usual"
            )
        if self.sample is not None and not 0 <= self.sample < 1:
            raise InputError(f"{opt('sample')} {self.sample} is a share of the words: 0 or more, below 1")
        if self.minutes is not None and self.minutes <= 0:
            raise InputError(f"{opt('minutes')} {self.minutes} must be above 0")


def check_name(name: str) -> None:
    """Raises `InputError` for what cannot be fitted to a model folder, with what to do instead."""
    if name == "doc2vec":
        raise InputError(
            "doc2vec has to learn the vector of each text anew and is no model folder; it is "
            "measured from Python, in memory: "
            "sentrep.api.evaluate(sentrep.api.doc2vec('my/texts'), suites=['quick'])"
        )
    if name not in WORD_MODELS:
        raise InputError(f"no baseline is called {name!r}; there are: {', '.join(WORD_MODELS)}")
