"""The terms of a corpus: words and sequences of words that it uses more than another corpus does.

1. Candidates are sequences of up to three words that occur often enough, hold together (cohesion) and stand
   in different surroundings (boundary). In scripts without spaces they are the words of `segmentation`.
2. Keyness: Dunning's log-likelihood ratio of a term in a document against the rest of the corpus, times that
   of the corpus against a background corpus. Each document votes for its ten best terms.
3. Forms of a term (plural, possessive) are merged, and parts that hardly occur outside of a longer term are
   removed.

Reference: Dunning, "Accurate methods for the statistics of surprise and coincidence", 1993 (the ratio);
Daille, "Conceptual structuring through term variations", 2003 (variants).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.data.analysis import singular, stop_words
from sentrep.mining.candidates import Candidates, candidates
from sentrep.mining.keyness import document_votes, log_likelihood_ratio
from sentrep.mining.ngrams import count_grams, gram_counts
from sentrep.mining.segmentation import LONGEST, word_counts
from sentrep.mining.settings import TermSettings
from sentrep.mining.units import UnitSequence, read_units

WORDS = 3
"""Words in a term, at most."""

NESTED = 0.8
"""A part of a longer term is removed if this share of its occurrences is within the longer one."""


@dataclass(frozen=True)
class Term:
    """A term of a corpus."""

    term: str
    score: float
    """Votes of documents; larger is better."""
    count: int
    documents: int
    """Documents that it occurs in."""
    ratio: float
    """Log-likelihood ratio against the background; 0 without one."""
    cohesion: float
    """Smallest log p(w) / p(left) p(right) over its cuts in two, in nats; 0 for one word."""
    boundary: float
    """Smaller of the branching entropies at its ends, in nats."""
    bits: float
    """Bits that the corpus becomes shorter by, if the term is a unit of its own."""


def find_terms(
    texts: Iterable[str], against: Iterable[str] | None = None, settings: TermSettings | None = None
) -> list[Term]:
    """The terms of a corpus, best first.

    Texts are read once and kept in temporary files as numbers of their words.

    Args:
        texts: the corpus, a document each.
        against: a background corpus.
        settings: how terms are found.

    Returns:
        At most ``settings.k`` terms; none for a corpus without words.

    >>> texts = ["A black hole grows.", "The black hole is dark.", "The moon is round."]
    >>> [(term.term, term.count) for term in find_terms(texts, settings=TermSettings(language="en"))]
    [('black hole', 2)]
    """
    settings = settings or TermSettings()
    with tempfile.TemporaryDirectory() as scratch:
        corpus, background = Path(scratch) / "corpus", Path(scratch) / "background"
        corpus.mkdir()
        background.mkdir()
        sequence = read_units(texts, corpus)
        found = _candidates(sequence, settings, corpus)
        if not len(found):
            return []
        other = None if against is None else _background(against, sequence, found, background)
        return _ranked(sequence, found, other, settings.k)


def language_of(sequence: UnitSequence, language: str) -> str:
    """The language that was asked for, or the guess of it; 'zh' for any script of characters."""
    if language in ("zh", "ja", "chinese", "japanese"):
        return "zh"
    if language != "auto":
        return language
    if sequence.characters:
        return "zh"
    words = [sequence.vocabulary[number] for number in sequence.ids[:100_000]]
    return _guess(words)


def _guess(words: Sequence[str]) -> str:
    from sentrep.data.language import guess_language

    return guess_language([" ".join(words[start : start + 500]) for start in range(0, len(words), 500)])


def _candidates(sequence: UnitSequence, settings: TermSettings, folder: Path) -> Candidates:
    size = int((np.asarray(sequence.ids) > 0).sum())
    least = settings.least or (2 if size < 100_000 else 3)
    if language_of(sequence, settings.language) == "zh":
        grams = count_grams(sequence, LONGEST, min(least, 2), folder)
        return candidates(sequence, grams, frozenset(), settings, least, word_counts(sequence, grams))
    stop = stop_words(_english_name(language_of(sequence, settings.language)))
    grams = count_grams(sequence, WORDS, least, folder)
    return candidates(sequence, grams, stop, settings, least)


def _english_name(language: str) -> str:
    from sentrep.data.analysis import Analysis

    return Analysis(language).language if language else ""


class Background(NamedTuple):
    """A corpus to compare with."""

    counts: NDArray[np.int64]
    """(candidate,)"""
    size: int
    """Units."""


def _background(texts: Iterable[str], sequence: UnitSequence, found: Candidates, folder: Path) -> Background:
    other = read_units(texts, folder)
    counts = gram_counts(other, found.grams, list(sequence.vocabulary))
    picked = [each[kept] for each, kept in zip(counts, found.kept, strict=True)]
    return Background(np.concatenate(picked), int((np.asarray(other.ids) > 0).sum()))


def _ranked(sequence: UnitSequence, found: Candidates, other: Background | None, k: int) -> list[Term]:
    size = found.size
    ratio = np.zeros(len(found))
    if other is not None and other.size:
        ratio = log_likelihood_ratio(found.counts, other.counts, size, other.size)
    wanted = np.ones(len(found), bool) if other is None else ratio > 0
    weight = np.where(wanted, np.log1p(np.maximum(ratio, 0)) if other is not None else 1.0, 0.0)
    votes = document_votes(sequence, found, weight)
    order = np.lexsort((np.array(found.texts), -found.counts, -ratio, -votes))
    order = order[wanted[order]]
    shown = _one_form_each(found, _without_parts(found, order.tolist()))
    return [_term(found, int(at), float(votes[at]), float(ratio[at])) for at in shown[:k]]


def _term(found: Candidates, at: int, score: float, ratio: float) -> Term:
    return Term(
        found.texts[at],
        round(score, 4),
        int(found.counts[at]),
        int(found.documents[at]),
        round(ratio, 2),
        round(float(found.cohesion[at]), 3),
        round(float(found.boundary[at]), 3),
        round(float(found.bits[at]), 1),
    )


def _one_form_each(found: Candidates, order: Sequence[int]) -> list[int]:
    """Candidates in the order given, the best form of each instead of all forms."""
    best: dict[str, int] = {}
    for at in order:
        best.setdefault(base_form(found.texts[at]), at)
    return list(best.values())


def base_form(term: str) -> str:
    """A term without the plural and the possessive of its words.

    >>> base_form("black holes"), base_form("earth's moons")
    ('black hole', 'earth moon')
    """
    return " ".join(singular(word.removesuffix("'s")) for word in term.split(" "))


def _without_parts(found: Candidates, order: Sequence[int]) -> list[int]:
    """Leave out terms that hardly occur outside of a longer term of the list."""
    inside: dict[str, int] = {}
    for at in order:
        words = found.texts[at].split(" ")
        for part in _parts(words):
            inside[part] = max(inside.get(part, 0), int(found.counts[at]))
    return [at for at in order if inside.get(found.texts[at], 0) < NESTED * int(found.counts[at])]


def _parts(words: Sequence[str]) -> set[str]:
    """All shorter sequences within some words."""
    sizes = range(1, len(words))
    return {" ".join(words[at : at + size]) for size in sizes for at in range(len(words) - size + 1)}
