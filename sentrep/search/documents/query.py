"""Searching an index of documents: candidates of both searches, fused into one ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sentrep.search.documents.passages import Document
from sentrep.search.documents.smoothing import SMOOTHED, smoothed
from sentrep.search.documents.state import Floats, Mask, Rows, State
from sentrep.search.fusion import USUAL, Fusion, best, fuse
from sentrep.utils.errors import InputError, opt

CANDIDATES = 1000
"""Passages of each search that enter the fusion."""

Mode = Literal["hybrid", "dense", "lexical"]


class Scores(NamedTuple):
    """Why a passage was found."""

    score: float
    """What the ranking goes by: the fused score, the cosine or the BM25 score."""
    dense: float
    """Cosine with the query."""
    lexical: float
    """BM25 score; 0 where no term matches."""
    dense_rank: int | None
    """Rank in the dense search, from 1; None below its candidates."""
    lexical_rank: int | None
    """Rank in the lexical search, from 1; None below its candidates."""


@dataclass(frozen=True)
class PassageHit:
    """A passage that was found."""

    rank: int
    id: str
    """Id of the document, and the number of the passage in it."""
    text: str
    document: Document
    heading: tuple[str, ...]
    """The headings above it, outermost first."""
    span: tuple[int, int]
    """First character in the document's text, and one past the last."""
    scores: Scores
    previous: str | None
    """Text of the passage before it in the document."""
    following: str | None
    """Text of the passage after it in the document."""
    also: tuple[Document, ...] = ()
    """Other documents that have a passage with the same words, where such hits are shown once."""


class Query(NamedTuple):
    """A query as both searches read it."""

    terms: list[str]
    """Terms for the lexical search."""
    vector: Floats | None
    """(width,) of length 1 for the dense search; None if the model knows nothing of the query."""


def search(
    state: State,
    query: Query,
    k: int,
    mode: Mode,
    filters: Mapping[str, str] | None = None,
    fusion: Fusion = USUAL,
    smooth: bool = False,
) -> list[PassageHit]:
    """The `k` best passages, best first; see `DocumentIndex.search`."""
    _check(k, mode, fusion)
    kept = state.kept & state.rows_matching(filters) if filters else state.kept
    lexical = state.bm25.scores(query.terms) if mode != "dense" else np.zeros(len(state), np.float32)
    lexical_rows = _lexical_rows(lexical, kept, max(k, CANDIDATES))
    vector = query.vector if mode != "lexical" else None
    dense_rows = _dense_rows(state, vector, kept, max(k, CANDIDATES))
    rows = np.unique(np.concatenate([dense_rows, lexical_rows]))
    if not len(rows):
        return []
    vectors = None if vector is None else state.vectors(rows)
    dense = np.zeros(len(rows), np.float32) if vector is None or vectors is None else vectors @ vector
    ranking = {
        "dense": dense,
        "lexical": lexical[rows],
        "hybrid": fuse(dense, lexical[rows], fusion.dense if vector is not None else 0.0, fusion.scale),
    }[mode]
    places = best(ranking, max(k, SMOOTHED))
    if smooth and vectors is not None:
        ranking = smoothed(ranking, vectors, places)
        places = places[best(ranking[places], k)]
    ranks = _ranks(dense_rows), _ranks(lexical_rows)
    return [
        _hit(
            state,
            rank,
            row := int(rows[place]),
            Scores(
                float(ranking[place]),
                float(dense[place]),
                float(lexical[row]),
                ranks[0].get(row),
                ranks[1].get(row),
            ),
        )
        for rank, place in enumerate(places[:k], start=1)
    ]


def _check(k: int, mode: str, fusion: Fusion) -> None:
    if k < 1:
        raise InputError(f"{opt('k')} {k}: must be 1 or more")
    if mode not in ("hybrid", "dense", "lexical"):
        raise InputError(f"{opt('mode')} {mode!r}: choose hybrid, dense or lexical")
    if not 0 <= fusion.dense <= 1:
        raise InputError(f"{opt('dense_weight')} {fusion.dense}: must be between 0 and 1")


def _lexical_rows(scores: Floats, kept: Mask, count: int) -> Rows:
    rows = np.flatnonzero((scores > 0) & kept)
    return rows[best(scores[rows], count)]


def _dense_rows(state: State, vector: Floats | None, kept: Mask, count: int) -> Rows:
    """The nearest rows of all segments together, best first."""
    found, cosines = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for first, segment in state.numbered() if vector is not None else ():
        assert vector is not None
        rows, scores = segment.nearest(vector, kept[first : first + len(segment)], count)
        found.append(rows + first)
        cosines.append(scores)
    rows, scores = np.concatenate(found), np.concatenate(cosines)
    return rows[np.lexsort((rows, -scores))[:count]]


def _ranks(rows: Rows) -> dict[int, int]:
    return {row: rank for rank, row in enumerate(rows.tolist(), start=1)}


def _hit(state: State, rank: int, row: int, scores: Scores) -> PassageHit:
    segment, inside = state.locate(row)
    before, after = segment.passages.neighbours(inside)
    return PassageHit(
        rank=rank,
        id=segment.dense.ids[inside],
        text=segment.text(inside),
        document=segment.passages.document(inside),
        heading=segment.passages.headings(inside),
        span=segment.passages.span(inside),
        scores=scores,
        previous=None if before is None else segment.text(before),
        following=None if after is None else segment.text(after),
    )
