"""Scores of how little a text belongs to a set of normal texts; larger is more anomalous.

combined          words plus neighbours, each in standard deviations of held-out normal texts (`anomalies`)
words             likelihood-ratio plus rarity
likelihood-ratio  mean log p(word | other text) / p(word | normal text), with smoothed unigram models; the
                  other text is a background corpus, or the input itself
rarity            mean -log p(word | normal text)
neighbours        mean cosine distance to the five nearest normal texts
distance          cosine distance to the mean of the normal texts
reconstruction    part of a vector outside of the principal directions of the normal texts
flow              how untypical the likelihood of a vector is under a normalising flow (`flow_score`)
cvdd              mean distance to the contexts of normal texts (`cvdd`)

Reference: Elkan and Noto, "Learning classifiers from only positive and unlabeled data", 2008 (the input as
other text).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from sentrep.data.analysis import words
from sentrep.mining.vectors import Vectors, nearest_cosines
from sentrep.utils.vectors import unit

Floats: TypeAlias = NDArray[np.float64]

SMOOTHING = 1000.0
"""Words of text that the common distribution counts as. Chosen on topics of BBC, THUC titles and TREC."""

NEAREST = 5
DIRECTIONS = 50
"""Principal directions of the normal texts."""

HASHED = 1 << 18
"""Columns of hashed words."""


def word_counts(texts: Sequence[str]) -> csr_matrix:
    """Counts of words (text, hashed word); of scripts without spaces also of pairs of characters."""
    from sklearn.feature_extraction.text import HashingVectorizer

    if not len(texts):
        return csr_matrix((0, HASHED), dtype=np.float64)
    counter = HashingVectorizer(n_features=HASHED, analyzer=words, norm=None, alternate_sign=False)
    return counter.transform(texts).tocsr()


def likelihood_ratio(normal: csr_matrix, other: csr_matrix, texts: csr_matrix) -> Floats:
    """Mean log-likelihood ratio (text,) of the words of each text, in nats; 0 for an empty text.

    Both models are smoothed with the distribution of all words together.

    >>> normal, other = word_counts(["a red dog"] * 9), word_counts(["a blue cat"] * 9)
    >>> score = likelihood_ratio(normal, other, word_counts(["red dog", "blue cat", ""]))
    >>> bool(score[0] < 0 < score[1]), float(score[2])
    (True, 0.0)
    """
    ours, theirs = _sums(normal), _sums(other)
    common = (ours + theirs + 0.5) / (ours + theirs + 0.5).sum()
    return _means(texts, _log_model(theirs, common) - _log_model(ours, common))


def rarity(normal: csr_matrix, other: csr_matrix, texts: csr_matrix) -> Floats:
    """Mean negative log-probability (text,) of the words of each text among the normal texts."""
    ours = _sums(normal)
    common = (ours + _sums(other) + 0.5) / (ours + _sums(other) + 0.5).sum()
    return _means(texts, -_log_model(ours, common))


def by_words(normal: csr_matrix, other: csr_matrix, texts: csr_matrix) -> Floats:
    """Likelihood ratio plus rarity (text,), in nats.

    The ratio is the better one where much of the input is anomalous, the rarity where little is; their sum
    serves both. It was chosen on topics of BBC, THUC titles and TREC.
    """
    return likelihood_ratio(normal, other, texts) + rarity(normal, other, texts)


def neighbours(normal: Vectors, texts: Vectors) -> Floats:
    """Mean cosine distance (text,) to the nearest normal texts."""
    near = nearest_cosines(unit(texts), unit(normal), NEAREST)
    return np.asarray(1 - near.mean(axis=1), np.float64)


def distance(normal: Vectors, texts: Vectors) -> Floats:
    """Cosine distance (text,) to the mean of the normal texts."""
    middle = unit(unit(normal).mean(axis=0, keepdims=True))
    return np.asarray(1 - unit(texts) @ middle[0], np.float64)


def reconstruction(normal: Vectors, texts: Vectors) -> Floats:
    """Squared length (text,) of the part that the principal directions of the normal texts do not explain."""
    points = unit(normal)
    middle = points.mean(axis=0)
    kept = min(DIRECTIONS, len(points) // 2, points.shape[1] // 2)
    basis = np.linalg.svd(points - middle, full_matrices=False)[2][:kept]
    rest = unit(texts) - middle
    rest = rest - (rest @ basis.T) @ basis
    return np.asarray(np.einsum("tw,tw->t", rest, rest), np.float64)


def flow(normal: Vectors, texts: Vectors) -> Floats:
    """How untypical the likelihood (text,) is under a flow that is fitted to the normal texts, in nats."""
    from sentrep.mining.flow_score import flow as untypical  # needs torch

    return untypical(normal, texts)


WORD_SCORES = {"words": by_words, "likelihood-ratio": likelihood_ratio, "rarity": rarity}
VECTOR_SCORES = {
    "neighbours": neighbours,
    "distance": distance,
    "reconstruction": reconstruction,
    "flow": flow,
}


def _sums(counts: csr_matrix) -> Floats:
    return np.asarray(counts.sum(axis=0), np.float64).ravel()


def _log_model(counts: Floats, common: Floats) -> Floats:
    return np.asarray(np.log((counts + SMOOTHING * common) / (counts.sum() + SMOOTHING)))


def _means(texts: csr_matrix, weights: Floats) -> Floats:
    """The mean weight (text,) of the words of each text."""
    lengths = np.asarray(texts.sum(axis=1), np.float64).ravel()
    return np.asarray(texts @ weights).ravel() / np.maximum(lengths, 1)
