"""Texts that do not belong: scores, p-values against normal text that was held out, and drift of a corpus.

Normal texts and input are divided into five parts. The texts of one part are scored by what the other parts
say, so that a normal text of the input and a held-out normal text are treated alike, and

    p(text) = (1 + held-out normal texts with a score at least as large) / (1 + held-out normal texts)

is below a with probability about a, for a text that is normal: a pooled cross-conformal p-value.

The file is over 250 lines long because all scores share the division into parts.

Reference: Vovk, Gammerman and Shafer, "Algorithmic learning in a random world", 2005 (conformal p-values).
Vovk, "Cross-conformal predictors", 2015.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from sentrep.data.words import plain_words
from sentrep.mining.anomaly_scores import (
    NEAREST,
    VECTOR_SCORES,
    WORD_SCORES,
    Floats,
    likelihood_ratio,
    rarity,
    word_counts,
)
from sentrep.mining.order import order_of
from sentrep.mining.text_vectors import LsaSpace, lsa_vectors
from sentrep.mining.vectors import Vectors, nearest_cosines
from sentrep.utils.errors import InputError, opt
from sentrep.utils.record_file import Joined
from sentrep.utils.vectors import unit

Longs = NDArray[np.int64]

PARTS = 5
ROUNDS = 499
"""Permutations of a two-sample test."""

COMBINED = ("words", "neighbours")
"""The scores whose sum is 'combined'; chosen on topics of BBC, THUC titles and TREC."""

SAMPLE = 1000
"""Texts of each corpus that a two-sample test compares, at most."""


@dataclass(frozen=True)
class Anomalies:
    """Scores of the texts of an input.

    Attributes:
        score: (text,) larger for more unusual texts.
        p_value: (text,) share of held-out normal texts with a score at least as large.
        length_correlation: rank correlation of the scores with the number of words.
        rarity_correlation: rank correlation of the scores with the mean rarity of the words.
    """

    score: Floats
    p_value: Floats
    length_correlation: float
    rarity_correlation: float


def score_texts(
    normal: Sequence[str],
    texts: Sequence[str],
    score: str = "combined",
    *,
    against: Sequence[str] = (),
    vectors: tuple[Vectors, Vectors] | None = None,
    word_vectors: WordVectors | None = None,
    seed: int = 0,
) -> Anomalies:
    """Score texts by how little they belong to normal texts.

    Args:
        normal: five normal texts or more.
        texts: the input.
        score: 'combined', 'cvdd', or a name in `WORD_SCORES` or `VECTOR_SCORES`.
        against: other text for the likelihood ratio; without it, the rest of the input is the other text.
        vectors: of `normal` and of `texts`, for scores of vectors; without them, of latent semantic analysis.
        word_vectors: vectors of words, for 'cvdd'; without it, of latent semantic analysis.
        seed: of the division into parts.

    Raises:
        InputError: there are too few normal texts.

    >>> normal = [f"the red dog runs {n}" for n in range(40)]
    >>> found = score_texts(normal, ["the red dog runs", "stock prices fell"])
    >>> bool(found.score[1] > found.score[0]), bool(found.p_value[1] < 0.05)
    (True, True)
    """
    if len(normal) < PARTS:
        raise InputError(f"{opt('normal')}: {len(normal)} texts; {PARTS} or more are needed")
    counts = word_counts(normal), word_counts(texts)
    other = word_counts(against) if len(against) else None
    parts, scored = (_parts(normal, seed), _parts(texts, seed)), list[tuple[Floats, Floats]]()
    for name in COMBINED if score == "combined" else (score,):
        if name in WORD_SCORES:
            fit = _of_words(counts, other, name)
        elif name == "cvdd":
            fit = _of_sequences(normal, texts, word_vectors, seed)
        else:
            fit = _of_vectors(vectors or tuple(lsa_vectors(normal, texts)), name)
        scored.append(_cross_scored(*parts, fit))
    held_out, found = _sum_of_standardised(scored) if score == "combined" else scored[0]
    lengths = np.array([len(plain_words(text)) for text in texts], np.float64)
    rare = rarity(counts[0], counts[1], counts[1]) if len(texts) else np.zeros(0)
    return Anomalies(
        found, p_values(held_out, found), _correlation(found, lengths), _correlation(found, rare)
    )


def outlier_scores(texts: Sequence[str], vectors: Vectors, seed: int = 0) -> Floats:
    """Scores (text,) of texts among the others of their own corpus, 0 to 1; larger is more anomalous.

    The mean of two ranks: of the rarity of its words in the other parts of the corpus, and of the distance to
    its nearest neighbours.

    Args:
        texts: a corpus, most of which is normal.
        vectors: (text, width)
        seed: of the division into parts.

    >>> texts = ["the red dog runs", "a red dog runs", "the dog runs", "red dog"] * 5 + ["stock prices fell"]
    >>> vectors = np.array([[1.0, 0.1]] * 20 + [[0.1, 1.0]], np.float32)
    >>> int(outlier_scores(texts, vectors).argmax())
    20
    """
    if len(texts) < PARTS:
        return np.zeros(len(texts))
    counts, part = word_counts(texts), _parts(texts, seed)
    rare = np.zeros(len(texts))
    for number in range(PARTS):
        inside = np.flatnonzero(part == number)
        rest = counts[np.flatnonzero(part != number)]
        rare[inside] = rarity(rest, rest, counts[inside])
    points = unit(vectors)
    apart = 1 - nearest_cosines(points, points, NEAREST, same=True).mean(axis=1)
    return (_ranks(rare) + _ranks(apart)) / 2


def _ranks(values: NDArray[np.floating]) -> Floats:
    """Ranks (text,) from 0 to 1; equal values have the mean of their ranks."""
    from scipy.stats import rankdata

    return np.asarray((rankdata(values) - 1) / max(len(values) - 1, 1), np.float64)


def p_values(held_out: Floats, scores: Floats) -> Floats:
    """Share (text,) of held-out normal scores, the text's own included, that are at least as large.

    >>> p_values(np.arange(99.0), np.array([200.0, 49.0])).tolist()
    [0.01, 0.51]
    """
    ordered = np.sort(held_out)
    larger = len(ordered) - np.searchsorted(ordered, scores, side="left")
    return np.asarray((1 + larger) / (1 + len(ordered)), np.float64)


WordVectors = Callable[[list[str]], NDArray[np.floating]]
"""Words -> their vectors (word, width)."""

Fit = Callable[
    [NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], tuple[Floats, Floats]
]
"""Numbers of normal texts and of input to learn from, of normal texts and of input to score -> their
scores."""


def _parts(texts: Sequence[str], seed: int) -> NDArray[np.int64]:
    """The part of each text (text,), whatever the order of the texts."""
    parts = np.empty(len(texts), np.int64)
    parts[order_of(texts)] = np.random.default_rng(seed).permutation(len(texts)) % PARTS
    return parts


def _cross_scored(normal_part: Longs, text_part: Longs, fit: Fit) -> tuple[Floats, Floats]:
    """Scores of all normal texts and of all input, each by the parts that it is not in."""
    held_out, found = np.zeros(len(normal_part)), np.zeros(len(text_part))
    for part in range(PARTS):
        mine, theirs = np.flatnonzero(normal_part == part), np.flatnonzero(text_part == part)
        rest, others = np.flatnonzero(normal_part != part), np.flatnonzero(text_part != part)
        held_out[mine], found[theirs] = fit(rest, others, mine, theirs)
    return held_out, found


def _of_words(counts: tuple[csr_matrix, csr_matrix], other: csr_matrix | None, score: str) -> Fit:
    normal, texts = counts

    def fit(rest: Any, others: Any, mine: Any, theirs: Any) -> tuple[Floats, Floats]:
        known = texts[others] if other is None else other
        scored = vstack([normal[mine], texts[theirs]]).tocsr()
        found = WORD_SCORES[score](normal[rest], known, scored)
        return found[: len(mine)], found[len(mine) :]

    return fit


def _of_vectors(vectors: tuple[Vectors, ...], score: str) -> Fit:
    normal, texts = vectors

    def fit(rest: Any, others: Any, mine: Any, theirs: Any) -> tuple[Floats, Floats]:
        found = VECTOR_SCORES[score](normal[rest], np.concatenate([normal[mine], texts[theirs]]))
        return found[: len(mine)], found[len(mine) :]

    return fit


def _sum_of_standardised(scored: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """The sum of several scores, each in standard deviations of all held-out normal texts.

    Standardising within a part would treat a held-out text, which is one of the few that the mean and the
    deviation are computed from, otherwise than a text of the input.

    >>> held_out, found = _sum_of_standardised([(np.array([1.0, 3.0]), np.array([4.0]))] * 2)
    >>> held_out.tolist(), found.tolist()
    ([-2.0, 2.0], [4.0])
    """
    held_out, found = zip(*(_standardised(*each) for each in scored), strict=True)
    return np.sum(held_out, axis=0), np.sum(found, axis=0)


def _standardised(held_out: Floats, found: Floats) -> tuple[Floats, Floats]:
    mean, deviation = float(held_out.mean()), float(held_out.std()) or 1.0
    return (held_out - mean) / deviation, (found - mean) / deviation


def _of_sequences(
    normal: Sequence[str], texts: Sequence[str], word_vectors: WordVectors | None, seed: int
) -> Fit:
    """Scores of 'cvdd', with the vectors of the words of both corpora."""
    from sentrep.mining.cvdd import WordSequences, cvdd  # needs torch

    both = Joined(normal, texts)
    known = WordSequences.of(both)
    rows = np.asarray((word_vectors or LsaSpace.of(both))(known.vocabulary), np.float32)

    def fit(rest: Any, others: Any, mine: Any, theirs: Any) -> tuple[Floats, Floats]:
        scored = [*mine.tolist(), *(theirs + len(normal)).tolist()]
        found = cvdd([known[at] for at in rest.tolist()], [known[at] for at in scored], rows, seed)
        return found[: len(mine)], found[len(mine) :]

    return fit


def _correlation(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation; 0 where one of both is constant."""
    from scipy.stats import spearmanr

    if len(one) < 3 or np.ptp(one) == 0 or np.ptp(other) == 0:
        return 0.0
    return float(spearmanr(one, other).statistic)


@dataclass(frozen=True)
class Drift:
    """Whether two corpora are of one distribution.

    Attributes:
        distance: energy distance of the vectors; 0 for equal distributions.
        p_value: share of permutations of the texts with a distance at least as large.
        words: words whose frequency differs most: word, log-likelihood ratio (positive: more in the second),
            p-value corrected for the number of words.
    """

    distance: float
    p_value: float
    words: list[tuple[str, float, float]]


def drift(one: Sequence[str], other: Sequence[str], vectors: tuple[Vectors, Vectors], seed: int = 0) -> Drift:
    """Two-sample tests of two corpora, over vectors and over words.

    Reference: Szekely and Rizzo, "Testing for equal distributions in high dimension", 2004.

    Args:
        one: a corpus.
        other: another one.
        vectors: of the texts of both.
        seed: of the sample and the permutations.
    """
    random = np.random.default_rng(seed)
    sample = [unit(each[np.sort(random.permutation(len(each))[:SAMPLE])]) for each in vectors]
    points, first = np.concatenate(sample), len(sample[0])
    apart = np.sqrt(np.maximum(2 - 2 * (points @ points.T).astype(np.float64), 0))
    labels = np.arange(len(points)) < first
    observed = _energy(apart, labels)
    as_large = sum(_energy(apart, random.permutation(labels)) >= observed - 1e-12 for _ in range(ROUNDS))
    return Drift(observed, (1 + as_large) / (1 + ROUNDS), changed_words(one, other))


def _energy(apart: Floats, labels: NDArray[np.bool_]) -> float:
    """Energy distance of the points with and without a label, from all distances."""
    share = labels / labels.sum() - ~labels / (~labels).sum()
    return float(-(share @ apart @ share))


def changed_words(one: Sequence[str], other: Sequence[str], k: int = 20) -> list[tuple[str, float, float]]:
    """Words whose document frequency differs most between two corpora; p-values after Bonferroni."""
    from collections import Counter

    from scipy.stats import chi2

    from sentrep.mining.keyness import log_likelihood_ratio

    counts = [Counter(word for text in texts for word in set(plain_words(text))) for texts in (one, other)]
    known = sorted(set(counts[0]) | set(counts[1]))
    first, second = (np.array([each[word] for word in known], np.int64) for each in counts)
    if not known:
        return []
    ratio = log_likelihood_ratio(second, first, max(counts[1].total(), 1), max(counts[0].total(), 1))
    order = np.argsort(-np.abs(ratio), kind="stable")[:k]
    p_value = np.minimum(chi2.sf(np.abs(ratio[order]), 1) * len(known), 1)
    return [
        (known[at], float(ratio[at]), float(p))
        for at, p in zip(order.tolist(), p_value.tolist(), strict=True)
    ]


__all__ = ["Anomalies", "Drift", "drift", "likelihood_ratio", "p_values", "score_texts"]
