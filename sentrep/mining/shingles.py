"""Overlap of texts: sets of shingles, their MinHash signatures, and the exact Jaccard similarity of pairs.

A shingle is four consecutive characters, or two where the first is Chinese or Japanese, of the text in lower
case without punctuation. All steps work on arrays of many texts at once. (Containment of a text in another by
shingles of words: `sentrep.data.overlap`.)

Reference: Broder, "On the resemblance and containment of documents", 1997.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sentrep.data.normalization import marks, normalize
from sentrep.data.words import CJK

SHINGLE = 4
CJK_SHINGLE = 2
"""Characters in a shingle."""

BATCH = 20_000
"""Texts, or pairs of texts, that are processed at once."""

_CJK_RANGES = [(ord(low), ord(high)) for low, high in re.findall(r"(.)-(.)", CJK)]
_PRIMES = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64
)


@dataclass(frozen=True)
class Shingles:
    """The different shingles of many texts, as 32-bit hashes.

    Attributes:
        hashes: (shingle,) text by text, ascending within a text.
        starts: (text + 1,) where each text begins.
    """

    hashes: NDArray[np.uint32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Different shingles of each text (text,)."""
        return np.diff(self.starts)


def comparable(text: str) -> str:
    """A text as its shingles are made from it: normalised, in lower case, without punctuation. Signs of
    vowels and tones, which other letters carry, stay.

    >>> comparable("The cat, 2 hats!")
    'the cat 2 hats'
    """
    return _no_letters().sub(" ", normalize(text).lower()).strip()


@cache
def _no_letters() -> re.Pattern[str]:
    return re.compile(rf"(?:[^\w{marks()}]|_)+")


def shingles(texts: Sequence[str]) -> Shingles:
    """The shingles of texts; a text shorter than a shingle is one, an empty text has none.

    >>> shingles(["abcde", "abc", ""]).sizes.tolist()
    [2, 1, 0]
    """
    parts = [_shingles(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH)]
    sizes = np.concatenate([np.zeros(1, np.int64), *(size for _, size in parts)])
    hashes = np.concatenate([np.zeros(0, np.uint32), *(found for found, _ in parts)])
    return Shingles(hashes, np.cumsum(sizes))


def signatures(
    given: Shingles, multipliers: NDArray[np.uint32], addends: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """MinHash signatures (text, permutation): the smallest value of each permutation over a text's shingles.

    Args:
        given: the shingles; texts without any get the largest value.
        multipliers: (permutation,) of the affine permutations.
        addends: (permutation,)
    """
    found = np.full((len(given), len(multipliers)), np.iinfo(np.uint32).max, np.uint32)
    some = np.flatnonzero(given.sizes)
    for start in range(0, len(some), BATCH):
        chosen = some[start : start + BATCH]
        first = given.starts[chosen[0]]
        values = given.hashes[first : given.starts[chosen[-1] + 1]]
        for number, (factor, addend) in enumerate(zip(multipliers, addends, strict=True)):
            mixed = values * factor + addend
            found[chosen, number] = np.minimum.reduceat(mixed, given.starts[chosen] - first)
    return found


def jaccard(given: Shingles, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.float64]:
    """Exact Jaccard similarity (pair,) of pairs of texts: shared shingles by all shingles of both."""
    shared = np.empty(len(one), np.int64)
    for start in range(0, len(one), BATCH):
        part = slice(start, start + BATCH)
        shared[part] = _shared(given, one[part], other[part])
    union = given.sizes[one] + given.sizes[other] - shared
    similarity: NDArray[np.float64] = shared / np.maximum(union, 1)
    return similarity


def _shared(given: Shingles, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shingles that both texts of each pair have."""
    both = np.concatenate([_tagged(given, one), _tagged(given, other)])
    both.sort()
    twice = both[1:][both[1:] == both[:-1]] >> np.uint64(32)
    return np.bincount(twice.astype(np.int64), minlength=len(one)).astype(np.int64)


def _tagged(given: Shingles, texts: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The shingles of texts, each below the number of its pair."""
    sizes = given.sizes[texts]
    ends = np.cumsum(sizes)
    place = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - sizes, sizes)
    hashes = given.hashes[np.repeat(given.starts[texts], sizes) + place].astype(np.uint64)
    pair = np.repeat(np.arange(len(texts), dtype=np.uint64), sizes)
    tagged: NDArray[np.uint64] = (pair << np.uint64(32)) | hashes
    return tagged


def _shingles(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Hashes of the different shingles of some texts, and how many each text has."""
    clean = [comparable(text) for text in texts]
    lengths = np.array([len(text) for text in clean], np.int64)
    if not lengths.sum():
        return np.zeros(0, np.uint32), np.zeros(len(texts), np.int64)
    codes = np.frombuffer("".join(clean).encode("utf-32-le", "surrogatepass"), np.uint32)
    owner = np.repeat(np.arange(len(texts)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))
    size = np.where(_is_cjk(codes), CJK_SHINGLE, SHINGLE)
    begins = np.concatenate([np.ones(1, bool), owner[1:] != owner[:-1]])
    short = begins & (left < size)  # the text is shorter than a shingle
    valid = (left >= size) | short
    hashes = _hashes(codes, np.minimum(size, left))[valid]
    tagged = (owner[valid].astype(np.uint64) << np.uint64(32)) | hashes
    tagged.sort()  # several times as fast as np.unique
    tagged = tagged[np.concatenate([np.ones(1, bool), tagged[1:] != tagged[:-1]])]
    counts = np.bincount((tagged >> np.uint64(32)).astype(np.int64), minlength=len(texts))
    return tagged.astype(np.uint32), counts.astype(np.int64)


def _hashes(codes: NDArray[np.uint32], size: NDArray[np.int64]) -> NDArray[np.uint64]:
    """32-bit hashes (position,) of the `size` characters from each position on."""
    padded = np.concatenate([codes, np.zeros(SHINGLE, np.uint32)]).astype(np.uint64)
    total = size.astype(np.uint64)
    for step in range(SHINGLE):
        part = np.where(size > step, padded[step : step + len(codes)] + np.uint64(1), np.uint64(0))
        total = (total ^ (part * _PRIMES[step])) * _PRIMES[(step + 1) % SHINGLE]
        total ^= total >> np.uint64(29)
    hashes: NDArray[np.uint64] = (total ^ (total >> np.uint64(32))) & np.uint64(0xFFFFFFFF)
    return hashes


def _is_cjk(codes: NDArray[np.uint32]) -> NDArray[np.bool_]:
    inside = np.zeros(len(codes), bool)
    for low, high in _CJK_RANGES:
        inside |= (codes >= low) & (codes <= high)
    return inside
