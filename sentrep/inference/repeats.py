"""Passages with the same words, as of a page that exists as HTML and as text: one hit instead of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sentrep.mining.shingles import comparable

if TYPE_CHECKING:
    from sentrep.search.documents import Document, PassageHit


def distinct(find: Callable[[int], list[PassageHit]], k: int) -> list[PassageHit]:
    """The `k` best hits with different words; each names in `also` the other documents that have its words.

    Args:
        find: returns the best hits, at most as many as its argument says.
        k: hits at most.
    """
    asked = k
    while True:
        hits = find(asked)
        kept = without_repeats(hits)
        if len(kept) >= k or len(hits) < asked:
            return kept[:k]
        asked *= 2


def without_repeats(hits: Sequence[PassageHit]) -> list[PassageHit]:
    """The best hit of each set of hits whose words are equal, whatever their case and punctuation; ranks are
    counted anew."""
    same: dict[str, list[PassageHit]] = {}
    for hit in hits:
        same.setdefault(comparable(hit.text) or hit.text, []).append(hit)
    return [
        replace(best, rank=rank, also=_others(best.document, [hit.document for hit in rest]))
        for rank, (best, *rest) in enumerate(same.values(), start=1)
    ]


def _others(own: Document, documents: Sequence[Document]) -> tuple[Document, ...]:
    """Each further document once."""
    return tuple({each.id: each for each in documents if each.id != own.id}.values())
