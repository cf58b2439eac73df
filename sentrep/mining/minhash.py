"""Near-duplicates by locality-sensitive hashing.

MinHash signatures find pairs of texts that probably share most shingles: those that agree in a band. Their
exact Jaccard similarity decides. The permutations and the division into bands are those of datasketch.
Buckets are runs of sorted arrays, because tables of a million texts would take several GB.

Reference: Indyk & Motwani, "Approximate nearest neighbors: towards removing the curse of dimensionality",
STOC 1998.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from sentrep.mining.components import Longs, merge_pairs
from sentrep.mining.shingles import BATCH, Shingles, jaccard, signatures

PERMUTATIONS = 72
RECALL = 0.99
"""Chance of being compared, at least, of a pair that is as similar as the threshold."""

DEVIATIONS = 4
"""Standard deviations by which the share of equal values of two signatures may be below the threshold."""

WINDOW = 32
"""Neighbours in a large bucket that a text is compared with, besides the first of the bucket."""


def near_components(found: Shingles, threshold: float) -> Longs:
    """The component (text,) of each text among near-duplicates.

    Pairs are left out before their exact similarity is computed if they are in one component already (copies
    of one text agree in all bands), if their sizes differ too much, or if their signatures do.
    """
    label, signed, sizes = np.arange(len(found)), _signed(found), found.sizes
    least = threshold - DEVIATIONS * (threshold * (1 - threshold) / PERMUTATIONS) ** 0.5
    for one, other in _candidates(found, signed, threshold):
        alike = (
            np.minimum(sizes[one], sizes[other]) >= threshold * np.maximum(sizes[one], sizes[other]) - 1e-9
        )
        one, other = one[alike], other[alike]
        for start in range(0, len(one), BATCH):
            left, right = one[start : start + BATCH], other[start : start + BATCH]
            chosen = np.flatnonzero(label[left] != label[right])
            left, right = left[chosen], right[chosen]
            chosen = np.flatnonzero((signed[left] == signed[right]).mean(axis=1) >= least)
            left, right = left[chosen], right[chosen]
            enough = jaccard(found, left, right) >= threshold - 1e-12
            label = merge_pairs(label, iter([(left[enough], right[enough])]))
    return label


def _signed(found: Shingles) -> NDArray[np.uint32]:
    """MinHash signatures (text, permutation)."""
    from datasketch import MinHash

    multipliers, addends = MinHash(PERMUTATIONS, scheme="affine32").permutations
    return signatures(found, np.asarray(multipliers, np.uint32), np.asarray(addends, np.uint32))


def _candidates(
    found: Shingles, signed: NDArray[np.uint32], threshold: float
) -> Iterator[tuple[Longs, Longs]]:
    """Pairs whose signatures agree in a band, band by band. Texts without shingles are in no pair."""
    rows_of_band = band_rows(threshold)
    some = np.flatnonzero(found.sizes)
    factors = np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, rows_of_band + 1, dtype=np.uint64)
    for first in range(0, PERMUTATIONS - rows_of_band + 1, rows_of_band):
        rows = signed[some, first : first + rows_of_band].astype(np.uint64)
        key = (rows * factors).sum(axis=1, dtype=np.uint64)
        one, other = _same_bucket(key)
        yield some[one], some[other]


def band_rows(threshold: float) -> int:
    """Rows of a band: as many as leave a pair at the threshold the chance `RECALL` of agreeing in a band.

    >>> band_rows(0.5), band_rows(0.7), band_rows(0.9)
    (2, 4, 8)
    """
    for rows in range(PERMUTATIONS // 2, 1, -1):
        if 1 - (1 - threshold**rows) ** (PERMUTATIONS // rows) >= RECALL:
            return rows
    return 1


def _same_bucket(key: NDArray[np.uint64]) -> tuple[Longs, Longs]:
    """Pairs of equal keys: all of a small bucket; of a large one, near places and the first with each."""
    order = np.argsort(key, kind="stable")
    sorted_keys = key[order]
    starts = np.flatnonzero(np.concatenate([np.ones(1, bool), sorted_keys[1:] != sorted_keys[:-1]]))
    first = np.repeat(starts, np.diff(np.append(starts, len(order))))
    place = np.arange(len(order))
    left, right = [first[place > first]], [place[place > first]]
    active = place
    for step in range(1, WINDOW):
        active = active[active - step >= first[active]]
        if not len(active):
            break
        left.append(active - step)
        right.append(active)
    return order[np.concatenate(left)], order[np.concatenate(right)]
