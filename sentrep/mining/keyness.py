"""Which terms characterise a corpus or a document: log-likelihood ratios and votes of documents."""

from __future__ import annotations

import numpy as np

from sentrep.mining.candidates import Candidates
from sentrep.mining.ngrams import Floats, Longs
from sentrep.mining.units import UnitSequence

VOTES = 10
"""Terms that each document votes for; the first has one vote, the second 1/2, and so on."""


def log_likelihood_ratio(
    one: Longs | Floats, other: Longs | Floats, one_size: float | Longs, other_size: float | Longs
) -> Floats:
    """Signed log-likelihood ratio (term,) of counts in two corpora: positive where it is more frequent in the
    first.

    Reference: Dunning 1993; Rayson and Garside, "Comparing corpora using frequency profiling", 2000.

    >>> log_likelihood_ratio(np.array([10, 1]), np.array([10, 10]), 100, 1000).round(1).tolist()
    [22.1, 0.0]
    """
    one, other = np.asarray(one, np.float64), np.asarray(other, np.float64)
    share = (one + other) / (one_size + np.asarray(other_size, np.float64))
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(one > 0, one * np.log(one / (one_size * share)), 0.0)
        second = np.where(other > 0, other * np.log(other / (other_size * share)), 0.0)
    more = one * other_size >= other * one_size
    ratio: Floats = np.where(more, 1.0, -1.0) * 2 * (first + second)
    return np.nan_to_num(ratio)


def document_votes(sequence: UnitSequence, found: Candidates, weight: Floats) -> Floats:
    """Votes (candidate,) of the documents of a corpus, each for the terms that characterise it.

    A document ranks its terms by `weight` times the log-likelihood ratio of the document against the rest of
    the corpus. With few documents, the rank in the whole corpus decides more than the votes.
    """
    term, document, count = _occurrences(sequence, found)
    documents = len(sequence.starts) - 1
    lengths = np.bincount(document, count, documents)
    inside = np.minimum(lengths[document], found.size - 1.0)
    rest = np.maximum(found.counts[term] - count, 0)
    keyness = log_likelihood_ratio(count, rest, inside, found.size - inside)
    if documents < VOTES:  # the parts of a corpus in so few documents say little
        keyness = count * found.cohesion[term].clip(1.0)
    worth = np.maximum(keyness, 0) * weight[term]
    order = np.lexsort((term, -worth, document))
    rank = np.arange(len(order)) - np.searchsorted(document[order], document[order])
    votes = np.where((rank < _voted(documents)) & (worth[order] > 0), 1.0 / (1.0 + rank), 0.0)
    return np.bincount(term[order], votes, len(found)).astype(np.float64)


def _voted(documents: int) -> int:
    """Terms that a document votes for: all of them where there are few documents."""
    return VOTES if documents >= VOTES else 1 << 30


def _occurrences(sequence: UnitSequence, found: Candidates) -> tuple[Longs, Longs, Longs]:
    """Candidate, document and count of each pair that occurs; three arrays (pair,)."""
    documents = len(sequence.starts) - 1
    base, keys = 0, list[Longs]()
    for own, kept in zip(found.grams, found.kept, strict=True):
        place = np.full(len(own) + 1, -1, np.int64)  # the last stands for "none"
        place[kept] = np.arange(base, base + len(kept))
        position = np.flatnonzero(place[own.numbers] >= 0)
        document = np.searchsorted(sequence.starts, position, side="right") - 1
        keys.append(place[own.numbers[position]] * documents + document)
        base += len(kept)
    pairs, counts = np.unique(np.concatenate(keys), return_counts=True)
    return pairs // documents, pairs % documents, counts.astype(np.int64)
