"""Which FAISS structure for how many vectors.

Measured with FAISS 1.15.1 on 1 M vectors (HNSW: 600 k) of width 384 and two cores, before the exact rescoring
that `Index.search` adds:

| kind | build s | bytes/vector | recall@10 | queries/s |
|---|---|---|---|---|
| flat | 1 | 1536 | 1 | 300 (a single query 54 ms) |
| hnsw (HNSW32,SQ8), effort 32 / 64 / 128 | 52 | 644 | .84 / .91 / .95 | 14.8 k / 8.9 k / 5.3 k |
| ivf (IVF4096,SQ8), effort 8 / 32 / 64 | 39 | 392 | .72 / .86 / .90 | 16.5 k / 5.5 k / 3.0 k |

So `auto` is flat while a query costs a few milliseconds, and hnsw above; ivf is for whoever is short of
memory. With exact rescoring, hnsw at effort 64 / 128 / 256 found .83 / .94 / .99 of the ten nearest among 60
k vectors of 64 latent dimensions, and .99 / 1 / 1 with 24; hence its default of 256, at which a query still
takes about a millisecond of one core."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from sentrep.search.exact import best_first, rescore
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    import faiss

Kind = Literal["auto", "flat", "hnsw", "ivf"]

FLAT_BELOW = 50_000
EFFORT = {"hnsw": 256, "ivf": 64}
"""How far a query looks unless told otherwise: HNSW's efSearch, IVF's nprobe."""

CHUNK = 16_384
QUANTIZER_SAMPLE = 100_000
SAMPLE_PER_CELL = 50


def choose(kind: Kind, count: int) -> str:
    """The kind that `auto` stands for with `count` vectors; any other kind is itself."""
    if kind == "auto":
        return "flat" if count < FLAT_BELOW else "hnsw"
    if kind not in ("flat", "hnsw", "ivf"):
        raise InputError(f"there is no index kind {kind!r}; choose auto, flat, hnsw or ivf")
    return kind


def parameters(kind: str, count: int) -> dict[str, int]:
    """What `make` needs to know, as it stands in the manifest."""
    if kind == "hnsw":
        return {"links": 32, "effort": EFFORT["hnsw"]}
    if kind == "ivf":
        cells = max(1, min(int(4 * count**0.5), count // SAMPLE_PER_CELL))
        return {"cells": cells, "effort": min(cells, EFFORT["ivf"])}
    return {}


def make(
    kind: str, vectors: NDArray[np.floating], settings: dict[str, int], *, repeatable: bool = False
) -> faiss.Index:
    """Train and fill an approximate index over `vectors` (vector, width), whose ids are their row numbers.

    Ids are always given explicitly: what FAISS does with implicit ones across shards is wrong without an
    error. An HNSW graph depends on which thread comes first; with `repeatable` one thread builds it, and the
    same vectors give the same graph."""
    with _one_thread(repeatable):
        return _filled(kind, vectors, settings)


def nearest(
    index: faiss.Index,
    kind: str,
    vectors: NDArray[np.floating],
    queries: NDArray[np.float32],
    k: int,
    effort: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Scores and row numbers (query, k), best first, row -1 where fewer are found: of more than `k`
    proposals, scored exactly."""
    rows = propose(index, kind, queries, min(len(vectors), max(4 * k, k + 32)), effort)
    scores = np.where(rows < 0, -np.inf, rescore(vectors, queries, rows)).astype(np.float32)
    return best_first(scores, rows, k)


def _filled(kind: str, vectors: NDArray[np.floating], settings: dict[str, int]) -> faiss.Index:
    import faiss

    name = f"HNSW{settings['links']},SQ8" if kind == "hnsw" else f"IVF{settings['cells']},SQ8"
    inner: Any = faiss.index_factory(vectors.shape[1], name, faiss.METRIC_INNER_PRODUCT)
    if kind == "ivf":
        inner.cp.min_points_per_centroid = 1  # a small index has one cell; FAISS would warn on stderr
    index = faiss.IndexIDMap2(inner)
    sample = min(len(vectors), max(QUANTIZER_SAMPLE, SAMPLE_PER_CELL * settings.get("cells", 0)))
    rows = np.linspace(0, len(vectors) - 1, sample).astype(np.int64)
    index.train(np.ascontiguousarray(vectors[rows], dtype=np.float32))
    for first in progress(range(0, len(vectors), CHUNK), f"building {kind}", unit=f"block of {CHUNK}"):
        chunk = np.ascontiguousarray(vectors[first : first + CHUNK], dtype=np.float32)
        index.add_with_ids(chunk, np.arange(first, first + len(chunk), dtype=np.int64))
    return index


def propose(
    index: faiss.Index, kind: str, queries: NDArray[np.float32], candidates: int, effort: int
) -> NDArray[np.int64]:
    """Row numbers (query, candidate) that are probably nearest; -1 where the index found fewer."""
    import faiss

    library: Any = faiss  # its type stubs know too little of search parameters
    if kind == "hnsw":
        how = library.SearchParametersHNSW(efSearch=max(effort, candidates))
    else:
        how = library.SearchParametersIVF(nprobe=effort)
    rows: NDArray[np.int64] = index.search(queries, candidates, params=how)[1]
    return rows


@contextmanager
def _one_thread(wanted: bool) -> Iterator[None]:
    import faiss

    library: Any = faiss
    before = library.omp_get_max_threads()
    if wanted:
        library.omp_set_num_threads(1)
    try:
        yield
    finally:
        library.omp_set_num_threads(before)
