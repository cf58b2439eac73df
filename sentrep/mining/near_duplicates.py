"""Groups of texts that are equal, nearly equal, or of equal meaning.

1. Exact: equal after normalisation of characters and white space, by a hash of 128 bits.
2. Near: different texts whose shingles have a large enough Jaccard similarity (`sentrep.mining.minhash`).
3. Semantic: pairs of vectors whose cosine is large enough.

Groups are the connected components of all pairs, so they do not depend on the order of the texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sentrep.data.normalization import normalize
from sentrep.mining.components import Longs, merge_pairs
from sentrep.mining.minhash import near_components
from sentrep.mining.shingles import Shingles, jaccard, shingles
from sentrep.mining.vectors import Vectors
from sentrep.search.ranges import pairs_above
from sentrep.utils.record_file import View
from sentrep.utils.vectors import unit

KINDS = ("exact", "near", "semantic")


@dataclass(frozen=True)
class Grouping:
    """Which texts are duplicates.

    Attributes:
        group: (text,) number of each text's group; groups of one text included.
        kept: (text,) whether it is the representative: the longest of its group.
        kind: (text,) how it resembles the representative, a number in `KINDS`; 0 for the representative.
        similarity: (text,) to the representative: 1 of equal texts, Jaccard of near, cosine of semantic ones.
    """

    group: Longs
    kept: NDArray[np.bool_]
    kind: NDArray[np.int8]
    similarity: NDArray[np.float64]

    @property
    def sizes(self) -> Longs:
        """Texts in each group (group,)."""
        return np.bincount(self.group).astype(np.int64)


def group_duplicates(
    texts: Sequence[str],
    threshold: float | None = 0.7,
    vectors: Vectors | None = None,
    cosine: float = 0.9,
) -> Grouping:
    """Find the groups of duplicates among texts.

    Args:
        texts: any texts; empty ones are equal to each other. They are read one by one, so that they may be on
            disk.
        threshold: smallest Jaccard similarity of near-duplicates; None for exact ones only.
        vectors: (text, width), for semantic duplicates.
        cosine: smallest cosine of semantic duplicates.

    >>> found = group_duplicates(["The cat sat down.", "the cat sat  down", "A dog.", "A dog."])
    >>> found.group.tolist(), found.kept.tolist()
    ([1, 1, 0, 0], [True, False, True, False])
    """
    if not len(texts):
        return Grouping(*(np.zeros(0, kind) for kind in (np.int64, bool, np.int8, np.float64)))
    distinct, member = _distinct(texts)
    unique = _Texts(texts, distinct)
    label = np.arange(len(unique))
    found = None
    if threshold is not None:
        found = shingles(unique)
        label = near_components(found, threshold)
    near = label.copy()
    points = None
    if vectors is not None:
        points = unit(vectors[distinct])
        blocks = ((one, other) for one, other, _ in pairs_above(points, cosine))
        label = merge_pairs(label, blocks)
    return _grouping(unique, member, (near, label), found, points)


class _Texts(View[str, str]):
    """One of each set of equal texts.

    Args:
        texts: all texts.
        places: (different text,) where each of them is.
    """

    def __init__(self, texts: Sequence[str], places: Longs) -> None:
        super().__init__(texts, str, places.tolist())
        self.places = places


def _grouping(
    unique: _Texts,
    member: Longs,
    labels: tuple[Longs, Longs],
    found: Shingles | None,
    points: Vectors | None,
) -> Grouping:
    """Choose representatives, and compare the others with them."""
    near, label = labels
    leader = _leaders(unique, label)
    similar, kind = np.ones(len(unique)), np.zeros(len(unique), np.int8)
    others = np.flatnonzero(leader != np.arange(len(unique)))
    kind[others] = np.where(near[others] == near[leader[others]], 1, 2)
    by_shingles = others[kind[others] == 1]
    if found is not None:
        similar[by_shingles] = jaccard(found, by_shingles, leader[by_shingles])
    by_vectors = others[kind[others] == 2]
    if points is not None:
        cosines = np.einsum("tw,tw->t", points[by_vectors], points[leader[by_vectors]])
        similar[by_vectors] = np.clip(cosines, -1, 1)
    kept = np.zeros(len(member), bool)
    kept[unique.places[np.unique(leader)]] = True
    sizes = np.bincount(leader[member], minlength=len(unique))
    number = _numbered(unique, leader, sizes)
    return Grouping(number[member], kept, kind[member], similar[member])


def _leaders(unique: _Texts, label: Longs) -> Longs:
    """The longest text of each component, as the number of a different text (different text,)."""
    leader = np.arange(len(unique))
    shared = np.flatnonzero(np.bincount(label)[label] > 1)
    best: dict[int, tuple[int, str, int]] = {}
    for at in shared.tolist():
        text = unique[at]
        mine, own = (-len(text), text, at), int(label[at])
        best[own] = min(best.get(own, mine), mine)
    leader[shared] = [best[own][2] for own in label[shared].tolist()]
    return leader


def _numbered(unique: _Texts, leader: Longs, sizes: Longs) -> Longs:
    """Numbers of groups, independent of the order of the input: groups of several texts by the text of their
    representative, then single texts by their hash."""
    leaders = np.unique(leader)
    several = sorted(leaders[sizes[leaders] > 1].tolist(), key=unique.__getitem__)
    number = np.empty(len(leader), np.int64)
    number[several] = np.arange(len(several))
    single = leaders[sizes[leaders] == 1]
    number[single] = np.arange(len(several), len(leaders))
    return number[leader]


def _distinct(texts: Sequence[str]) -> tuple[Longs, Longs]:
    """One of each set of equal texts, in the order of a hash, and the set of each text."""
    hashes = b"".join(_hash(text) for text in texts)
    _, first, member = np.unique(
        np.frombuffer(hashes, dtype="V16").view([("a", ">u8"), ("b", ">u8")]),
        return_index=True,
        return_inverse=True,
    )
    member = member.reshape(-1).astype(np.int64)
    return _best_spelling(texts, first.astype(np.int64), member), member


def _best_spelling(texts: Sequence[str], first: Longs, member: Longs) -> Longs:
    """Of each set of equal texts the longest spelling, which does not depend on the order of the input."""
    best = first.copy()
    known: dict[int, str] = {}
    for at in np.flatnonzero(first[member] != np.arange(len(member))).tolist():
        text, own = texts[at], int(member[at])
        if own not in known:
            known[own] = texts[int(first[own])]
        if (len(text), text) > (len(known[own]), known[own]):
            known[own], best[own] = text, at
    return best


def _hash(text: str) -> bytes:
    same = " ".join(normalize(text).split())
    return hashlib.blake2b(same.encode("utf-8", "surrogatepass"), digest_size=16).digest()
