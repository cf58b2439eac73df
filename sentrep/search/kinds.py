"""The FAISS structures, and which of them suits how many vectors.

Measured with FAISS 1.15.1 on 1 M vectors (HNSW: 600 k) of width 384 and two cores, before the exact rescoring
that `Index.search` adds:

| kind | build s | bytes/vector | recall@10 | queries/s |
|---|---|---|---|---|
| flat | 1 | 1536 | 1 | 300 (a single query 54 ms) |
| hnsw (HNSW32,SQ8), effort 32 / 64 / 128 | 52 | 644 | .84 / .91 / .95 | 14.8 k / 8.9 k / 5.3 k |
| ivf (IVF4096,SQ8), effort 8 / 32 / 64 | 39 | 392 | .72 / .86 / .90 | 16.5 k / 5.5 k / 3.0 k |

Measured on sentences of novels embedded by an untrained bag of width 512 (821,675 different vectors of
848,067):

| kind | build, CPU s | recall@10 of 1,000 sentences at the default effort | finds itself |
|---|---|---|---|
| hnsw, effort 256 | 322 | .66 | .93 |
| ivf (3,683 cells), effort 64 | 93 | .84 | 1.00 |

So `auto` is exact for few vectors, and ivf for more. hnsw is left for those who measured that it suits their
vectors: among 60 k clustered vectors of 24 to 64 latent dimensions it found .99 to 1 of the ten nearest.

The file is over 250 lines long because all structures share one table of measurements.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.search.exact import best_candidates, best_first, rescore
from sentrep.search.kind_names import Kind
from sentrep.search.stored import CHUNK, VectorSource
from sentrep.utils.bits import byte_width, sign_bits
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    import faiss

FLAT_BELOW = 50_000
"""Vectors up to which `auto` is exact: a query takes some milliseconds."""

EFFORT = {"hnsw": 256, "ivf": 64, "ivf-pq": 64, "binary": 256}
"""How far a query looks by default: efSearch of HNSW, cells of IVF (nprobe), rescored candidates of
binary."""

BLOCK_UNIT = f"block of {CHUNK}"
QUANTIZER_SAMPLE, SAMPLE_PER_CELL = 50_000, 32
"""Vectors that cells and codes are learnt from, and those for each cell at least; FAISS holds them twice."""
SPARE = 8
"""Candidates that are scored in float64, beyond those wanted."""
FAST_BITS, FAST_VALUES = 4, 2
"""Bits of a code of IVF-PQ, and values of the vector that it stands for."""
PRODUCT_FROM = 1000
"""Vectors from which codes of IVF-PQ can be learnt; fewer are stored as in IVF."""


class Choice(NamedTuple):
    """A kind, and why."""

    kind: str
    reason: str


def choices(
    kind: Kind, count: int, width: int, *, exact: bool = True, memory: int | None = None
) -> list[Choice]:
    """The kinds to try, in order, for `count` vectors of some width.

    Args:
        kind: a kind, or auto.
        count: of vectors.
        width: of the vectors.
        exact: few vectors are searched exactly. Not so where `count` is that of different vectors alone.
        memory: bytes that the structure may take when it is searched; half of the free memory if None.

    >>> [choice.kind for choice in choices("auto", 1000, 512)]
    ['flat']
    """
    if kind == "auto":
        return _automatic(count, width, exact, free_memory() // 2 if memory is None else memory)
    return [Choice(kind, "as asked")]


def _automatic(count: int, width: int, exact: bool, memory: int) -> list[Choice]:
    if exact and count < FLAT_BELOW:
        return [Choice("flat", f"exact search is fast enough for {count:,} vectors")]
    slow = f"exact search in {count:,} different vectors of width {width} would be slow"
    needed, budget = structure_bytes("ivf", count, width), f"{memory / 1e9:.3g} GB are free for the index"
    if needed > memory:
        small = f"ivf would take {needed / 1e9:.3g} GB of memory, {budget}"
        first = Choice("ivf-pq", f"{slow}; {small}")
    else:
        first = Choice("ivf", f"{slow}; {needed / 1e9:.3g} GB of memory, {budget}")
    return [first, Choice("flat", "exact search works on any vectors")]


def structure_bytes(kind: str, count: int, width: int) -> int:
    """About how much memory a structure takes when it is searched, in bytes; the vectors stay on the disk.

    >>> [structure_bytes(kind, 1_000_000, 384) // 1_000_000 for kind in ("ivf", "ivf-pq", "binary")]
    [398, 110, 48]
    """
    cells = parameters("ivf", count)["cells"]
    code = {"flat": 0, "hnsw": width + 4 * 66, "ivf": width + 8, "ivf-pq": -(-width // 4) + 8}
    each = code.get(kind, byte_width(width))
    return count * each + (4 * width * cells if kind.startswith("ivf") else 0)


def free_memory() -> int:
    """Memory that is free on this machine, in bytes, the caches of files counted as free."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        known = dict(line.split(":", 1) for line in lines)
        return int(known["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2


def parameters(kind: str, count: int) -> dict[str, int]:
    """The parameters of an index over `count` different vectors, as they stand in its manifest."""
    if kind == "hnsw":
        return {"links": 32, "effort": EFFORT["hnsw"]}
    if kind in ("ivf", "ivf-pq"):
        cells = max(1, min(int(4 * count**0.5), count // SAMPLE_PER_CELL))
        return {"cells": cells, "effort": min(cells, EFFORT[kind])}
    return {"effort": EFFORT["binary"]} if kind == "binary" else {}


def make(
    kind: str,
    vectors: VectorSource,
    settings: dict[str, int],
    rows: NDArray[np.int64],
    *,
    repeatable: bool = False,
) -> Any:
    """Train and fill an approximate index, a faiss.Index or of binary a faiss.IndexBinary.

    Args:
        kind: any but flat.
        vectors: of which some are put in.
        settings: see `parameters`.
        rows: (vector,) the rows that are put in, ascending; the id of each is its place in this list.
        repeatable: build with one thread, so that the same vectors give the same graph.
    """
    if kind == "binary":
        return _binary(vectors, rows)
    # Ids are given explicitly: what FAISS does with implicit ones across shards is wrong without an error.
    with _one_thread(repeatable):
        index = _trained(kind, vectors, settings, rows)
        first = 0
        parts = -(-len(vectors) // CHUNK)
        for chunk in progress(_chosen(vectors, rows), f"building {kind}", parts, BLOCK_UNIT):
            some = np.ascontiguousarray(chunk, dtype=np.float32)
            index.add_with_ids(some, np.arange(first, first + len(some), dtype=np.int64))
            first += len(some)
        return index


def nearest(
    index: Any,
    kind: str,
    vectors: NDArray[np.floating],
    queries: NDArray[np.float32],
    k: int,
    effort: int,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The nearest of `vectors`, whose rows are the ids of `index`.

    Returns:
        Exact scores and row numbers (query, k), best first; -inf and row -1 where fewer are found.
    """
    rows = propose(index, kind, queries, min(len(vectors), candidates(kind, k)), effort)
    rows = best_candidates(vectors, queries, rows, k + SPARE)
    scores = np.where(rows < 0, -np.inf, rescore(vectors, queries, rows)).astype(np.float32)
    return best_first(scores, rows, k)


def candidates(kind: str, k: int) -> int:
    """How many candidates are compared by their vectors for `k` results: more where codes are coarse."""
    return max(16 * k, 160) if kind == "ivf-pq" else max(4 * k, k + 4 * SPARE)


def propose(
    index: Any, kind: str, queries: NDArray[np.float32], count: int, effort: int
) -> NDArray[np.int64]:
    """Ids (query, count) that are probably nearest; -1 where the index found fewer."""
    import faiss

    library: Any = faiss  # its type stubs lack the search parameters
    if kind == "binary":
        found: NDArray[np.int32] = index.search(sign_bits(queries), min(max(effort, count), index.ntotal))[1]
        return found.astype(np.int64)
    if kind == "hnsw":
        how = library.SearchParametersHNSW(efSearch=max(effort, count))
    else:
        how = library.SearchParametersIVF(nprobe=effort)
    rows: NDArray[np.int64] = index.search(queries, count, params=how)[1]
    return rows


def _binary(vectors: VectorSource, rows: NDArray[np.int64]) -> faiss.IndexBinaryFlat:
    """The sign bits of some rows, compared by their Hamming distance."""
    import faiss

    index = faiss.IndexBinaryFlat(8 * byte_width(vectors.width))
    for chunk in progress(_chosen(vectors, rows), "building binary", -(-len(vectors) // CHUNK), BLOCK_UNIT):
        index.add(sign_bits(chunk))
    return index


def _trained(kind: str, vectors: VectorSource, settings: dict[str, int], rows: NDArray[np.int64]) -> Any:
    import faiss

    index: Any = faiss.index_factory(
        vectors.width, _factory_name(kind, vectors.width, settings, len(rows)), faiss.METRIC_INNER_PRODUCT
    )
    sample = QUANTIZER_SAMPLE
    if kind == "hnsw":
        index = faiss.IndexIDMap(index)
    else:
        index.cp.min_points_per_centroid = 1  # a small index has one cell; FAISS would warn on stderr
        sample = max(sample, SAMPLE_PER_CELL * settings["cells"])
    if hasattr(index, "pq"):
        index.pq.cp.min_points_per_centroid = 1
    places = np.linspace(0, len(rows) - 1, min(len(rows), sample)).astype(np.int64)
    index.train(np.ascontiguousarray(vectors.take(rows[places]), dtype=np.float32))
    return index


def _factory_name(kind: str, width: int, settings: dict[str, int], count: int) -> str:
    """What FAISS calls a kind."""
    if kind == "hnsw":
        return f"HNSW{settings['links']},SQ8"
    if kind == "ivf" or count < PRODUCT_FROM:
        return f"IVF{settings['cells']},SQ8"
    codes = width // FAST_VALUES if width % FAST_VALUES == 0 else width
    return f"IVF{settings['cells']},PQ{codes}x{FAST_BITS}fs"


def _chosen(vectors: VectorSource, rows: NDArray[np.int64]) -> Iterator[NDArray[np.floating]]:
    """The vectors of some rows, in order, a chunk at a time."""
    first = 0
    for chunk in vectors.chunks():
        start, stop = np.searchsorted(rows, [first, first + len(chunk)])
        yield chunk[rows[start:stop] - first]
        first += len(chunk)


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
