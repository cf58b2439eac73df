"""What a model can do with texts. Each capability is one protocol; a model has as many as it has methods for.

Evaluation tasks ask for these protocols, `sentrep.inference` implements them for trained models, and
`sentrep.evaluation.models` implements them for baselines. What a training method has to provide for a
capability is in `sentrep.methods.capabilities`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Scores = NDArray[np.floating[Any]]


@runtime_checkable
class Embeds(Protocol):
    """A model that turns texts into vectors."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns vectors (text, width), float32. Their lengths do not matter, since tasks normalise."""


@runtime_checkable
class Ranks(Protocol):
    """A model that scores documents for a query without vectors of its own: BM25, or two models fused."""

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """Yields one row of scores (document,) for each query in turn; a higher score is better.

        One row at a time keeps memory use constant."""


@runtime_checkable
class Summarizes(Protocol):
    """A model that writes a short text for a long one."""

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """Returns one summary for each text, in their order; a summary may be empty."""


@runtime_checkable
class Parses(Protocol):
    """A model that finds the constituents of a sentence."""

    def parse(self, sentences: Sequence[Sequence[str]]) -> Sequence[Collection[tuple[int, int]]]:
        """Returns for each sentence the spans of its tree: first word, and the one after the last.

        Sentences are given as words, because brackets are compared word by word; a model with subword tokens
        maps its spans to words. A tree may have any number of branches. Spans are nested or disjoint. Single
        words and the whole sentence may be among them."""


@runtime_checkable
class ScoresLikelihood(Protocol):
    """A language model: it assigns a probability to sentences."""

    def nll(self, sentences: Sequence[Sequence[str]]) -> Sequence[tuple[float, int]]:
        """Returns for each sentence, given as words, its negative log-likelihood and the number of words.

        The first is in nats, exact or an upper bound. The second counts the words that were scored, and the
        end of the sentence as one more; a sentence that was cut has fewer than it has words."""
