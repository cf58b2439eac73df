"""Candidates for terms: frequent sequences of units that hold together, in different surroundings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from sentrep.mining.ngrams import Floats, Grams, Longs
from sentrep.mining.units import UnitSequence

LINKS = frozenset({"of", "de", "du", "del", "di", "da", "do", "van", "von", "der", "och", "og", "y", "e"})
"""Stop words that may stand within a term: "theory of relativity"."""


Number = TypeVar("Number", bound=np.generic)


class Limits(Protocol):
    """The settings that a candidate has to meet."""

    @property
    def cohesion(self) -> float: ...

    @property
    def boundary(self) -> float: ...


@dataclass(frozen=True)
class Candidates:
    """Candidates of all lengths, one after the other.

    Attributes:
        grams: all counted sequences, by length.
        kept: which of them are candidates, numbers for each length.
        texts: (candidate,) as they are written.
        counts: (candidate,) occurrences; of words of a segmentation, occurrences as a word.
        documents: (candidate,) documents that each occurs in.
        cohesion: (candidate,) in nats; 0 for one unit.
        boundary: (candidate,) in nats.
        bits: (candidate,) that each saves.
        size: units in the corpus.
    """

    grams: list[Grams]
    kept: list[Longs]
    texts: list[str]
    counts: Longs
    documents: Longs
    cohesion: Floats
    boundary: Floats
    bits: Floats
    size: int

    def __len__(self) -> int:
        return len(self.texts)


def candidates(
    sequence: UnitSequence,
    grams: list[Grams],
    stop: frozenset[str],
    limits: Limits,
    least: int,
    words: list[Longs] | None = None,
) -> Candidates:
    """Choose the candidates among all counted sequences.

    Args:
        sequence: the corpus.
        grams: its counts.
        stop: words that no candidate begins or ends with.
        limits: smallest cohesion and boundary.
        least: smallest number of occurrences.
        words: (gram,) for each length how often it is a word of a segmentation; then only words of two units
            or more are candidates.
    """
    size = int((np.asarray(sequence.ids) > 0).sum())
    content = np.array([_has_content(unit, stop) for unit in sequence.vocabulary])
    links = np.array([unit in LINKS for unit in sequence.vocabulary])
    counts = [grams[place].counts if words is None else words[place] for place in range(len(grams))]
    cohesions = [cohesion(grams, place, size) for place in range(len(grams))]
    kept = []
    for place, own in enumerate(grams):
        good = counts[place] >= least
        good &= np.minimum(own.left, own.right) >= limits.boundary
        if words is None:
            good &= content[own.units[:, 0]] & content[own.units[:, -1]]
            good &= (content | links)[own.units[:, 1:-1]].all(axis=1)
        if place:
            good &= cohesions[place] >= limits.cohesion
        elif words is not None:
            good &= _longer_units(sequence, own)
        kept.append(np.flatnonzero(good).astype(np.int64))
    pick = _Picker(kept)
    return Candidates(
        grams,
        kept,
        [
            sequence.text(units)
            for own, chosen in zip(grams, kept, strict=True)
            for units in own.units[chosen]
        ],
        pick(counts),
        pick([own.documents for own in grams]),
        pick([each if place else np.zeros(len(each)) for place, each in enumerate(cohesions)]),
        pick([np.minimum(own.left, own.right) for own in grams]),
        pick([saved_bits(grams, place, size) for place in range(len(grams))]),
        size,
    )


class _Picker:
    """Joins the chosen values of all lengths."""

    def __init__(self, kept: Sequence[Longs]) -> None:
        self._kept = kept

    def __call__(self, values: Sequence[NDArray[Number]]) -> NDArray[Number]:
        if not values:
            return np.zeros(0)  # type: ignore[return-value]
        return np.concatenate([each[chosen] for each, chosen in zip(values, self._kept, strict=True)])


def cohesion(grams: Sequence[Grams], place: int, size: int) -> Floats:
    """How much likelier a sequence (gram,) is than its parts by themselves, at the cut where that is least.

    min over cuts of log p(w) / p(left) p(right), in nats; infinite for one unit.
    """
    own = grams[place]
    found = np.full(len(own), np.inf)
    for cut in range(1, place + 1):
        left, right = grams[cut - 1], grams[place - cut]
        parts = left.counts[left.numbers[own.first]].astype(np.float64)
        parts *= right.counts[right.numbers[own.first + cut]]
        found = np.minimum(found, np.log(own.counts * float(size) / parts))
    return found


def saved_bits(grams: Sequence[Grams], place: int, size: int) -> Floats:
    """By how many bits (gram,) a corpus becomes shorter, if a sequence gets a code of its own.

    Each occurrence costs -log p(w) instead of the sum over its units; the entry itself costs its units once.
    """
    own, one = grams[place], grams[0]
    unit_bits = np.log2(size / np.maximum(one.counts, 1))
    parts = sum(unit_bits[one.numbers[own.first + step]] for step in range(place + 1))
    saved: Floats = own.counts * (parts - np.log2(size / own.counts)) - parts
    return saved if place else np.zeros(len(own))


def _has_content(unit: str, stop: frozenset[str]) -> bool:
    letters = any(character.isalpha() for character in unit)
    return letters and len(unit) > 1 and unit not in stop


def _longer_units(sequence: UnitSequence, own: Grams) -> NDArray[np.bool_]:
    """Whether a single unit (gram,) is a word and not one character."""
    return np.array([len(sequence.vocabulary[unit]) > 1 for unit in own.units[:, 0]], bool)
