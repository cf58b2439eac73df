"""Baselines for retrieval: random vectors, BM25, and combinations of two models."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from typing import Literal

import numpy as np

from sentrep.data.analysis import VERSION, Analysis, singular, words
from sentrep.evaluation.metrics.ranking import average_ranks
from sentrep.evaluation.models.branching import branching
from sentrep.evaluation.models.extractive import extractive
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model
from sentrep.evaluation.vectors import rows
from sentrep.utils.capabilities import Scores, Vectors

Tokenize = Callable[[str], list[str]]

# Tokenizers that give the same tokens for this text are treated as equal.
_SAMPLE = (
    "The Cats' queries were RUNNING over 42 e-mails, naïve_names and https://example.org/a; 一个女孩在梳头。"
)


def named(name: str) -> Model | None:
    """The baseline with this name, or None if there is none.

    Names are 'bm25', 'bm25-stemmed' (English), 'random', and those of `extractive` and `branching`.
    """
    if name == "bm25":
        return bm25()
    if name == "bm25-stemmed":
        return bm25(Analysis("english"), label=name)
    return random_vectors() if name == "random" else extractive(name) or branching(name)


def random_vectors(width: int = 512, seed: int = 0) -> Model:
    """Random vectors, seeded by the text, so that only equal texts match."""
    return Model("random", f"random-vectors {width} {seed}", RandomVectors(width, seed), "random", seed)


def bm25(
    tokenize: Tokenize | None = None,
    k1: float = 1.5,
    b: float = 0.75,
    stop_words: Sequence[str] = (),
    label: str = "bm25",
) -> Model:
    """BM25 over words, with character pairs where a script has no spaces.

    Documents are scored with Lucene's variant (Kamphuis et al. 2020). Words are not stemmed unless the
    tokenizer does it (`singular_words`). Give your own tokenizer its own `label`: stored scores are looked up
    by the label and by the tokens of a sample text.

    Args:
        tokenize: function from a text to its tokens.
        k1: saturation of term frequency.
        b: strength of length normalisation.
        stop_words: tokens that are ignored.
        label: name in tables.
    """
    tokenize = tokenize or words
    settings = (
        f"{label} k1={k1} b={b} stop_words={' '.join(sorted(stop_words))} bm25s={version('bm25s')} "
        f"analysis={VERSION}"
    )
    return Model(
        label,
        fingerprint([settings, *tokenize(_SAMPLE)]),
        BM25(tokenize, k1, b, frozenset(stop_words)),
        label,
    )


def fused(
    first: Model, second: Model, how: Literal["ranks", "scores"] = "ranks", weight: float = 0.5
) -> Model:
    """Combine the rankings of two models; `weight` is the share of the first."""
    return Model(
        f"{first.name} + {second.name}",
        fingerprint(["fused", first.content_hash, second.content_hash, how, str(weight)]),
        Fused(first, second, how, weight),
        f"{first.method or first.name} + {second.method or second.name}",
        second.seed if first.seed is None else first.seed,
    )


class RandomVectors:
    """Normally distributed vectors, seeded by the text."""

    def __init__(self, width: int, seed: int) -> None:
        self.width, self.seed = width, seed

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(text, width)."""
        vectors = np.empty((len(texts), self.width), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            digest = hashlib.sha256(f"{self.seed} {text}".encode("utf-8", "surrogatepass")).digest()
            np.random.Generator(np.random.SFC64(int.from_bytes(digest[:16]))).standard_normal(
                dtype=np.float32, out=row
            )
        return vectors


class BM25:
    """bm25s with scores for all documents, because the order of ties in its best k is arbitrary."""

    def __init__(self, tokenize: Tokenize, k1: float, b: float, stop_words: frozenset[str]) -> None:
        self.tokenize, self.k1, self.b, self.stop_words = tokenize, k1, b, stop_words

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """One row of scores a query; 0 for every document that shares no word with it."""
        import bm25s

        index = bm25s.BM25(k1=self.k1, b=self.b, method="lucene")
        tokens = [self._tokens(document) for document in documents]
        vocab = set().union(*tokens)
        if vocab:
            index.index(tokens, show_progress=False)
        for query in queries:
            known = [token for token in self._tokens(query) if token in vocab]
            yield index.get_scores(known) if known else np.zeros(len(documents), dtype=np.float32)

    def _tokens(self, text: str) -> list[str]:
        return [token for token in self.tokenize(text) if token not in self.stop_words]


class Fused:
    """Reciprocal rank fusion (Cormack, Clarke and Büttcher 2009), or a weighted sum of scores standardised
    query by query."""

    def __init__(self, first: Model, second: Model, how: Literal["ranks", "scores"], weight: float) -> None:
        self.first, self.second, self.weight = first, second, weight
        self.measure = _reciprocal if how == "ranks" else _standardised

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """One row of scores a query."""
        first, second = (
            rows(model.implementation, documents, queries) for model in (self.first, self.second)
        )
        for one, other in zip(first, second, strict=True):
            yield self.weight * self.measure(one) + (1 - self.weight) * self.measure(other)


def singular_words(text: str) -> list[str]:
    """`words` with English plurals cut to singulars (Harman 1991, the S stemmer): a stronger BM25 wherever
    text is English.

    >>> singular_words("Queries about the buses' ponies and glass shoes")
    ['query', 'about', 'the', 'buse', 'pony', 'and', 'glass', 'shoe']
    """
    return [singular(word) for word in words(text)]


def _reciprocal(scores: Scores) -> Scores:
    # 60 is the constant of the paper; equal scores share their average rank, so that BM25's many zeros weigh
    # alike.
    return 1 / (60 + average_ranks(-np.nan_to_num(scores)))


def _standardised(scores: Scores) -> Scores:
    scores = np.nan_to_num(scores).astype(np.float64)
    spread = scores.std()
    return (scores - scores.mean()) / spread if spread > 1e-9 else np.zeros_like(scores)
