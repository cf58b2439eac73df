"""Counts of sequences of units, with their neighbours and documents, by sorted arrays.

Sequences are counted by length. One of n units is the number of its first n - 1 units together with its last
unit, so that a pair of integers identifies it. Only sequences that occur often enough get a number; a longer
one that is frequent enough has frequent parts, so none is missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.mining.units import BREAK, UnitSequence

CHUNK = 1 << 22
"""Positions that are counted at once."""

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Grams:
    """All sequences of one length that occur often enough.

    Attributes:
        units: (gram, length) unit numbers.
        counts: (gram,) occurrences.
        documents: (gram,) documents that it occurs in.
        left: (gram,) entropy of the unit before it, in nats; a break counts as a unit of its own each time.
        right: (gram,) entropy of the unit behind it.
        first: (gram,) position of its first occurrence.
        numbers: (position,) number of the gram that begins at each position, -1 where there is none.
    """

    units: NDArray[np.int32]
    counts: Longs
    documents: Longs
    left: Floats
    right: Floats
    first: Longs
    numbers: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def length(self) -> int:
        """Units in each of them."""
        return int(self.units.shape[1])


class PairCounts(NamedTuple):
    """How often each pair of (gram, other number) occurs; sorted by key."""

    keys: Longs
    """gram * base + other"""
    counts: Longs
    first: Longs
    """Position of the first occurrence."""


def count_grams(sequence: UnitSequence, longest: int, least: int, folder: Path) -> list[Grams]:
    """Count all sequences of 1 to `longest` units that occur `least` times or more.

    Args:
        sequence: the corpus.
        longest: largest number of units.
        least: smallest number of occurrences.
        folder: where working files are written.

    Returns:
        One item for each length, from 1; may end early, where no sequence is frequent enough.

    >>> import tempfile
    >>> from sentrep.mining.units import read_units
    >>> folder = Path(tempfile.mkdtemp())
    >>> one, two = count_grams(read_units(["a b c", "a b d"], folder), 2, 2, folder)
    >>> two.units.tolist(), two.counts.tolist(), two.documents.tolist()
    ([[1, 2]], [2], [2])
    """
    ids, base = sequence.ids, len(sequence.vocabulary)
    document = _documents(sequence, folder)
    found: list[Grams] = []
    numbers, size = _zeros(folder / "numbers-0.npy", len(ids)), 0
    for length in range(1, longest + 1):
        pairs = _pairs(numbers, ids, size, base)
        kept = np.flatnonzero((pairs.counts >= least) & (pairs.keys % base != BREAK))
        if not len(kept):
            break
        keys, first = pairs.keys[kept], pairs.first[kept]
        numbers = _numbered(folder / f"numbers-{length}.npy", numbers, ids, size, base, keys)
        columns = [np.asarray(ids[first + place]) for place in range(length)]
        found.append(
            Grams(
                units=np.stack(columns, axis=1).astype(np.int32),
                counts=pairs.counts[kept],
                documents=_distinct(numbers, document, sequence.starts, len(kept)),
                left=_entropies(_pairs(numbers, ids, -1, base), base, len(kept)),
                right=_entropies(_pairs(numbers, ids, length, base), base, len(kept)),
                first=first,
                numbers=numbers,
            )
        )
        size = length
    return found


def gram_counts(sequence: UnitSequence, wanted: list[Grams], vocabulary: list[str]) -> list[Longs]:
    """How often sequences that were counted in one corpus occur in another.

    Args:
        sequence: the other corpus.
        wanted: the sequences, by length from 1.
        vocabulary: of the corpus that `wanted` was counted in.

    Returns:
        (gram,) for each length.
    """
    numbers = {unit: number for number, unit in enumerate(vocabulary)}
    translation = np.array([numbers.get(unit, -1) for unit in sequence.vocabulary], np.int64)
    translation[BREAK] = -1
    base = len(vocabulary)
    totals = [np.zeros(len(grams), np.int64) for grams in wanted]
    keys = [_keys(wanted, place, base) for place in range(len(wanted))]
    for start, stop in _chunks(len(sequence.ids)):
        ids = translation[sequence.ids[start : stop + len(wanted)]]
        found = np.zeros(stop - start, np.int64)
        for place, (known, order) in enumerate(keys):
            behind = ids[place : place + stop - start]
            behind = np.pad(behind, (0, stop - start - len(behind)), constant_values=-1)
            key = np.where((found >= 0) & (behind >= 0), found * base + behind, -1)
            at = np.minimum(np.searchsorted(known, key), len(known) - 1)
            found = np.where(known[at] == key, order[at], -1)
            totals[place] += np.bincount(found[found >= 0], minlength=len(known))
    return totals


def _keys(wanted: list[Grams], place: int, base: int) -> tuple[Longs, Longs]:
    """Sorted keys (gram,) of one length, as parent * base + unit, and the number of each."""
    grams = wanted[place]
    parents = np.zeros(len(grams), np.int64)
    if place:
        parents = wanted[place - 1].numbers[grams.first].astype(np.int64)
    keys = parents * base + grams.units[:, -1]
    order = np.argsort(keys, kind="stable").astype(np.int64)
    return keys[order], order


def _documents(sequence: UnitSequence, folder: Path) -> NDArray[np.int32]:
    """The number of the document of each position (position,)."""
    document = _zeros(folder / "documents.npy", len(sequence.ids))
    for number, (start, stop) in enumerate(zip(sequence.starts[:-1], sequence.starts[1:], strict=True)):
        document[start:stop] = number
    return document


def _zeros(path: Path, count: int) -> NDArray[np.int32]:
    """An array (count,) of zeros in a file."""
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.int32, shape=(count,))


def _pairs(numbers: NDArray[np.int32], ids: NDArray[np.int32], step: int, base: int) -> PairCounts:
    """Counts of (gram at a position, unit `step` positions further)."""
    total = PairCounts(*(np.zeros(0, np.int64) for _ in range(3)))
    for start, stop in _chunks(len(ids)):
        position, key = _chunk_keys(numbers, ids, step, base, start, stop)
        keys, first, counts = np.unique(key, return_index=True, return_counts=True)
        total = _merged(total, PairCounts(keys, counts.astype(np.int64), position[first]))
    return total


def _chunk_keys(
    numbers: NDArray[np.int32], ids: NDArray[np.int32], step: int, base: int, start: int, stop: int
) -> tuple[Longs, Longs]:
    """Positions that have a gram and a unit `step` further, and their keys."""
    start, stop = max(start, -step), min(stop, len(ids) - max(step, 0))
    grams = np.asarray(numbers[start:stop])
    position = np.flatnonzero(grams >= 0) + start
    key = numbers[position].astype(np.int64) * base + ids[position + step]
    return position.astype(np.int64), key


def _merged(one: PairCounts, other: PairCounts) -> PairCounts:
    """The sum of counts of two parts of a corpus, the second of which comes later."""
    if not len(one.keys):
        return other
    keys = np.concatenate([one.keys, other.keys])
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    counts = np.add.reduceat(np.concatenate([one.counts, other.counts])[order], starts)
    first = np.concatenate([one.first, other.first])[order][starts]
    return PairCounts(keys[starts], counts, first)


def _numbered(
    path: Path,
    numbers: NDArray[np.int32],
    ids: NDArray[np.int32],
    step: int,
    base: int,
    keys: Longs,
) -> NDArray[np.int32]:
    """The number of the longer gram at each position, from the keys of all longer grams."""
    longer = _zeros(path, len(ids))
    longer[:] = -1
    for start, stop in _chunks(len(ids)):
        position, key = _chunk_keys(numbers, ids, step, base, start, stop)
        at = np.minimum(np.searchsorted(keys, key), len(keys) - 1)
        longer[position] = np.where(keys[at] == key, at, -1)
    return longer


def _entropies(pairs: PairCounts, base: int, count: int) -> Floats:
    """Entropy (gram,) of the neighbours, in nats. Breaks are as many different neighbours."""
    gram, unit = pairs.keys // base, pairs.keys % base
    counts = pairs.counts.astype(np.float64)
    total = np.maximum(np.bincount(gram, counts, count), 1)
    spread = np.where(unit == BREAK, 0.0, counts * np.log(counts))
    return np.log(total) - np.bincount(gram, spread, count) / total


def _distinct(numbers: NDArray[np.int32], document: NDArray[np.int32], starts: Longs, count: int) -> Longs:
    """Documents (gram,) that each gram occurs in."""
    found = np.zeros(count, np.int64)
    for start, stop in _whole_documents(starts):
        grams = np.asarray(numbers[start:stop]).astype(np.int64)
        here = grams >= 0
        pairs = np.unique(grams[here] * len(starts) + document[start:stop][here])
        found += np.bincount(pairs // len(starts), minlength=count)
    return found


def _whole_documents(starts: Longs) -> Iterator[tuple[int, int]]:
    """Chunks of whole documents, of about `CHUNK` positions."""
    begin = 0
    while begin < len(starts) - 1:
        end = max(begin + 1, int(np.searchsorted(starts, starts[begin] + CHUNK)) - 1)
        yield int(starts[begin]), int(starts[end])
        begin = end


def _chunks(count: int) -> Iterator[tuple[int, int]]:
    return ((start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))
