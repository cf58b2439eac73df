"""Passages with the same words, as of a page that exists as HTML and as text: one hit instead of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sentrep.data.normalization import normalize
from sentrep.mining.shingles import comparable

if TYPE_CHECKING:
    from sentrep.search.documents import Document, PassageHit

FEW = 8
"""Words below which the punctuation of two texts has to be equal, too."""
LOOKED_AT = 100
"""Hits among which those with the same words are looked for, at least: however few are shown."""


def distinct(find: Callable[[int], list[PassageHit]], k: int) -> list[PassageHit]:
    """The `k` best hits with different words; each names in `also` the other documents that have its words.

    Args:
        find: returns the best hits, at most as many as its argument says.
        k: hits at most.
    """
    asked = max(k, LOOKED_AT)
    while True:
        hits = find(asked)
        kept = without_repeats(hits)
        if len(kept) >= k or len(hits) < asked:
            return kept[:k]
        asked *= 2


def without_repeats(hits: Sequence[PassageHit]) -> list[PassageHit]:
    """The best hit of each set of hits whose words are equal, whatever their case and, of longer texts, their
    punctuation; ranks are counted anew."""
    same: dict[str, list[PassageHit]] = {}
    for hit in hits:
        same.setdefault(_words(hit.text), []).append(hit)
    return [
        replace(best, rank=rank, also=_others(best.document, [hit.document for hit in rest]))
        for rank, (best, *rest) in enumerate(same.values(), start=1)
    ]


def _words(text: str) -> str:
    """What texts with the same words have in common. In short texts signs make a difference: C++ and C#."""
    words = comparable(text)
    return words if len(words.split()) >= FEW else " ".join(normalize(text).lower().split())


def _others(own: Document, documents: Sequence[Document]) -> tuple[Document, ...]:
    """Each further document once."""
    return tuple({each.id: each for each in documents if each.id != own.id}.values())
