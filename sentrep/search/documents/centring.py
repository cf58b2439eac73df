"""Centring: vectors of passages and of queries, each without their own mean.

Vectors of one model share a direction that says nothing of their content, and it is another one for queries
than for passages. The mean of the passages is taken over a sample of them; that of the queries over
pseudo-queries, short spans of the passages' words and titles, since no real queries are known when an index
is made. Both are fixed then: what is added later is centred with the same means.

Reference: Mu & Viswanath, "All-but-the-top: simple and effective postprocessing for word representations",
ICLR 2018, section 2; here with the mean alone.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.search.documents.passages import Document, Passage, context
from sentrep.utils.errors import damaged
from sentrep.utils.vectors import unit

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]

MEANS = "means.npy"
SAMPLE = 2_000
"""Passages that the mean is taken over, at most."""
PSEUDO_QUERIES = 400
WORDS = (4, 16)
"""Words of a pseudo-query: fewest and most."""


@dataclass(frozen=True)
class Means:
    """What is subtracted from vectors of length 1."""

    passages: Floats
    """(width,) mean of the passages."""
    queries: Floats
    """(width,) mean of the pseudo-queries."""

    @classmethod
    def of(
        cls, encode: Encode, documents: Sequence[tuple[Document, Sequence[Passage]]], seed: int = 0
    ) -> Means:
        """The means of a collection.

        Args:
            encode: texts to vectors (text, width).
            documents: with their passages; one passage at least.
            seed: of the samples.
        """
        texts = [context(document, passage) for document, parts in documents for passage in parts]
        if len(texts) > SAMPLE:
            texts = random.Random(seed).sample(texts, SAMPLE)
        queries = pseudo_queries(documents, seed=seed)
        return cls(*(unit(encode(each)).mean(axis=0, dtype=np.float32) for each in (texts, queries)))

    def centred_passages(self, vectors: Floats) -> Floats:
        """Vectors of passages (passage, width) at length 1, without their mean; zero vectors stay zero."""
        return _without(vectors, self.passages)

    def centred_queries(self, vectors: Floats) -> Floats:
        """Vectors of queries (query, width) at length 1, without their mean; zero vectors stay zero."""
        return _without(vectors, self.queries)

    def to_bytes(self) -> bytes:
        """The content of a .npy file, (2, width)."""
        file = io.BytesIO()
        np.save(file, np.stack([self.passages, self.queries]), allow_pickle=False)
        return file.getvalue()

    @classmethod
    def read(cls, file: Path) -> Means:
        """Read what `to_bytes` gave.

        Raises:
            InputError: the file is damaged.
        """
        try:
            stored = np.load(file, allow_pickle=False)
        except Exception as error:  # a damaged header is parsed as Python, and any error may come
            raise damaged(file) from error
        if (
            stored.dtype != np.float32
            or stored.ndim != 2
            or len(stored) != 2
            or not np.isfinite(stored).all()
        ):
            raise damaged(file)
        return cls(*stored)


def pseudo_queries(
    documents: Sequence[tuple[Document, Sequence[Passage]]], count: int = PSEUDO_QUERIES, seed: int = 0
) -> list[str]:
    """Spans of 4 to 16 words of random passages; a third are titles where there are any.

    >>> pseudo_queries([(Document("a"), [Passage("one two three")])], count=2)
    ['one two three', 'one two three']
    """
    chance = random.Random(seed)
    titles = list(dict.fromkeys(document.title for document, _ in documents if document.title))
    chosen = [chance.choice(titles) for _ in range(count // 3)] if titles else []
    texts = [passage.text for _, parts in documents for passage in parts]
    return chosen + [_span(chance.choice(texts), chance) for _ in range(count - len(chosen))]


def _without(vectors: Floats, mean: Floats) -> Floats:
    known = np.abs(vectors).max(axis=1, initial=0) > 0
    return np.where(known[:, None], unit(vectors) - mean, np.float32(0))


def _span(text: str, chance: random.Random) -> str:
    """Some words of a text that follow each other."""
    words = text.split()
    length = chance.randint(*WORDS)
    first = chance.randint(0, max(0, len(words) - length))
    return " ".join(words[first : first + length])
