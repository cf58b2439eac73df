"""Which sentences are held out: whole documents, and stretches of large ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.errors import InputError, opt

SHORTEST = 8
"""Sentences in the shortest stretch that is cut out of a document: enough to have neighbours."""

MOST_KEPT_OUT = 0.2
"""Share of the sentences that `kept_out` takes at most, if twice the share asked for is less: of a corpus of
few documents it takes nothing instead."""


def spans(
    documents: NDArray[np.int64], part: Literal["train", "valid"], fraction: float, seed: int
) -> NDArray[np.int64]:
    """Return the training or the held-out part of a corpus as rows of (start, stop, document), (span, 3).

    Whole documents are drawn. A document that is longer than the held-out part is cut into stretches first,
    so that a corpus of one novel has a held-out part too. The order is that of a hash of (seed, document,
    stretch). Training stretches that touch become one span, so neighbours are lost only at the cuts.

    Args:
        documents: (documents + 1), at which sentence each document starts.
        part: "train" or "valid".
        fraction: Share of all sentences that is held out; with 0, nothing is.
        seed: Of the draw.

    Raises:
        InputError: The fraction is below 0, or 1 or more.

    >>> spans(np.array([0, 9, 20, 30]), "train", 0.0, 0).tolist()
    [[0, 9, 0], [9, 20, 1], [20, 30, 2]]
    """
    if not 0 <= fraction < 1:
        raise InputError(f"{opt('validation')} {fraction}: must be 0 or more and below 1")
    units = _units(documents, fraction)
    held = (
        _held_out(units, fraction * float(documents[-1]), seed)
        if fraction
        else np.zeros(len(units), np.bool_)
    )
    chosen = units[held if part == "valid" else ~held]
    return _merged(chosen)


def kept_out(
    documents: NDArray[np.int64], share: float, content: Callable[[int, int], int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the part of a corpus that no training reads, and the rest, as (start, stop, document) rows.

    Whole documents are drawn, and stretches of documents that are longer than the part itself, in the order
    of a hash of their text. So the same texts are kept out wherever they stand in the corpus, and copies of
    one text are all on the same side.

    Args:
        documents: (documents + 1), at which sentence each document starts.
        share: Of all sentences, from 0 to below 1.
        content: The 64-bit hash of the text from one sentence up to another.

    Returns:
        (span, 3) kept out and (span, 3) rest. Nothing is kept out of a corpus that is too small for it.

    >>> same = lambda start, stop: start
    >>> [spans.tolist() for spans in kept_out(np.array([0, 9, 20, 30]), 0.3, same)]
    [[[0, 9, 0]], [[9, 20, 1], [20, 30, 2]]]
    >>> [spans.tolist() for spans in kept_out(np.array([0, 3]), 0.1, same)]
    [[], [[0, 3, 0]]]
    """
    units, total = _units(documents, share), float(documents[-1])
    hashes = np.array([content(int(start), int(stop)) for start, stop, _ in units], np.uint64)
    held = _first(units, np.argsort(hashes, kind="stable"), share * total)
    held = np.isin(hashes, hashes[held])
    if (units[held, 1] - units[held, 0]).sum() > max(MOST_KEPT_OUT, 2 * share) * total:
        held[:] = False
    return _merged(units[held]), _merged(units[~held])


def _units(documents: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """(unit, 3): every document, long ones cut into even stretches."""
    lengths = np.diff(documents)
    budget = fraction * float(documents[-1])
    stretch = max(SHORTEST, int(budget / 4))
    cut = lengths > max(budget, stretch) if fraction else np.zeros(len(lengths), np.bool_)
    # An empty document has no part.
    parts = np.where(cut, np.maximum(2, -(-lengths // stretch)), np.minimum(lengths, 1))
    document = np.repeat(np.arange(len(lengths)), parts)
    rank = np.arange(len(document)) - np.repeat(np.cumsum(parts) - parts, parts)
    start = documents[document] + rank * lengths[document] // parts[document]
    stop = documents[document] + (rank + 1) * lengths[document] // parts[document]
    return np.stack([start, stop, document], axis=1)


def _held_out(units: NDArray[np.int64], budget: float, seed: int) -> NDArray[np.bool_]:
    """Mark units in the order of their hash until `budget` sentences are held out."""
    return _first(units, np.argsort(_hash(units, seed), kind="stable"), budget)


def _first(units: NDArray[np.int64], order: NDArray[np.int64], budget: float) -> NDArray[np.bool_]:
    """Mark units in an order until `budget` sentences are marked; one at least, and never all."""
    lengths = (units[:, 1] - units[:, 0])[order]
    too_many = np.append(np.cumsum(lengths) - lengths / 2 > budget, True)
    count = int(np.argmax(too_many))
    held = np.zeros(len(units), np.bool_)
    held[order[: min(max(count, 1), len(units) - 1)]] = True
    return held


def _hash(units: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A well mixed number for each unit (splitmix64), the same on every machine."""
    x = units[:, 0].astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) % 2**64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x


def _merged(units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join units that follow each other within a document."""
    if len(units) == 0:
        return units.reshape(0, 3)
    new = np.ones(len(units), np.bool_)
    new[1:] = (units[1:, 2] != units[:-1, 2]) | (units[1:, 0] != units[:-1, 1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(units)) - 1
    return np.stack([units[first, 0], units[last, 1], units[first, 2]], axis=1)
