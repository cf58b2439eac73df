"""Search indexes of each kind over many vectors: recall against exact search, queries a second beside it,
build time, bytes, and the time to open.

The vectors are synthetic: points around centres that share few latent dimensions, with some noise
in all dimensions, at length 1. Everything runs on the threads given, and times are CPU seconds, so that work
beside it matters less; times to open and of single queries are seconds of the clock.

python scripts/bench_search.py --count 1000000 --width 384 --out eval/bench_search.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.dtypes import restore, store
from sentrep.search import Index, ModelStamp, top_k
from sentrep.search.folder import FAISS, ROWS, STARTS

CHUNK = 50_000
MODEL = ModelStamp("synthetic", "0")
EFFORTS = {
    "hnsw": (64, 128, 256),
    "ivf": (8, 16, 32, 64),
    "ivf-pq": (8, 16, 32, 64),
    "binary": (64, 256, 1024),
}
K = 10
Vectors = NDArray[np.float32]


def main() -> None:
    arguments = options()
    found: dict[str, Any] = {
        "command": f"python scripts/bench_search.py --count {arguments.count} --width {arguments.width} "
        f"--kinds {' '.join(arguments.kinds)} --queries {arguments.queries} --threads {arguments.threads}",
        "load_before": round(os.getloadavg()[0], 1),
    }
    _use_threads(arguments.threads)
    place = Path(tempfile.mkdtemp(dir=arguments.place))
    try:
        for part in measured(arguments, place):
            found |= part
            print(json.dumps(part), flush=True)
            found["peak_memory_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6, 2)
            arguments.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    finally:
        shutil.rmtree(place)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=1_000_000, help="vectors")
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--kinds", nargs="+", default=list(EFFORTS))
    parser.add_argument("--queries", type=int, default=500, help="in a batch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--place", type=Path, help="folder for the indexes; default: the system's")
    parser.add_argument("--out", type=Path, required=True, help="file of the results")
    return parser.parse_args()


def measured(arguments: argparse.Namespace, place: Path) -> Iterator[dict[str, Any]]:
    """One result after the other, by name."""
    count, width = arguments.count, arguments.width
    queries = drawn(arguments.queries, width, count, seed=-1)
    began = time.process_time()
    flat = Index.build(all_vectors(count, width), out=place / "flat", model=MODEL, kind="flat")
    yield {"flat_build_cpu_s": round(time.process_time() - began, 1)}
    rate, rows = answered(flat, queries, None)
    yield {"flat": {"queries_per_cpu_s": round(rate, 1), **first_queries(place / "flat", queries)}}
    yield {"stored_forms": stored_forms(flat, queries)}
    for kind in arguments.kinds:
        began = time.process_time()
        index = Index.build(parts_of(flat), out=place / kind, model=MODEL, kind=kind)
        built = round(time.process_time() - began, 1)
        size = sum((place / kind / name).stat().st_size for name in (FAISS, ROWS, STARTS))
        beside = answered(flat, queries, None)[0]
        efforts = [effort(index, queries, rows, number, beside) for number in EFFORTS[kind]]
        yield {
            kind: {
                "build_cpu_s": built,
                "structure_bytes_per_vector": round(size / count, 1),
                "parameters": index.info.parameters,
                **first_queries(place / kind, queries),
                "efforts": efforts,
            }
        }
        shutil.rmtree(place / kind)


def effort(
    index: Index, queries: Vectors, truth: NDArray[np.int64], number: int, flat: float
) -> dict[str, Any]:
    """Recall and speed of a batch at one effort."""
    rate, rows = answered(index, queries, number)
    return {
        "effort": number,
        "recall@10": round(recall(rows, truth), 4),
        "queries_per_cpu_s": round(rate),
        "times_flat": round(rate / flat, 1),
    }


def answered(index: Index, queries: Vectors, number: int | None) -> tuple[float, NDArray[np.int64]]:
    """Queries that are answered in a CPU second, the better of two rounds, and the rows found."""
    rates = list[float]()
    for _ in range(2):
        began = time.process_time()
        hits = index.search(queries, K, effort=number)
        rates.append(len(queries) / (time.process_time() - began))
    return max(rates), np.array([[int(hit.id) for hit in row] for row in hits])


def first_queries(path: Path, queries: Vectors) -> dict[str, float]:
    """Seconds to open an index and to its first answer, and milliseconds of single queries after that."""
    began = time.perf_counter()
    index = Index.open(path)
    opened = time.perf_counter()
    index.search(queries[0], K)
    first = time.perf_counter()
    single, computed = list[float](), list[float]()
    for query in queries[1:21]:
        started, used = time.perf_counter(), time.process_time()
        index.search(query, K)
        single.append(1000 * (time.perf_counter() - started))
        computed.append(1000 * (time.process_time() - used))
    return {
        "open_s": round(opened - began, 2),
        "first_answer_s": round(first - opened, 2),
        "single_query_ms": round(statistics.median(single), 1),
        "single_query_cpu_ms": round(statistics.median(computed), 1),
    }


def stored_forms(flat: Index, queries: Vectors) -> dict[str, float]:
    """Recall@10 of exact search among at most 100,000 vectors in the smaller forms of `sentrep embed`."""
    vectors = np.array(flat.vectors[:100_000])
    truth = top_k(vectors, queries, K)[1]
    found = dict[str, float]()
    for dtype in ("float16", "int8", "binary"):
        smaller = restore(store(vectors, dtype), dtype, vectors.shape[1])
        found[dtype] = round(recall(top_k(smaller, queries, K)[1], truth), 4)
    return found


def recall(rows: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """The share of the true neighbours that were found."""
    shared = [len(set(one) & set(other)) for one, other in zip(rows.tolist(), truth.tolist(), strict=True)]
    return sum(shared) / truth.size


def all_vectors(count: int, width: int) -> Iterator[Vectors]:
    """The vectors of an index, some at a time."""
    for first in range(0, count, CHUNK):
        yield drawn(min(CHUNK, count - first), width, count, seed=first)


def parts_of(index: Index) -> Iterator[Vectors]:
    """The vectors of an index, some at a time."""
    return (np.array(index.vectors[first : first + CHUNK]) for first in range(0, len(index), CHUNK))


def drawn(count: int, width: int, total: int, seed: int) -> Vectors:
    """Points (count, width) around one centre for 250 of `total` points, in 64 latent dimensions."""
    shared, own = np.random.default_rng(0), np.random.default_rng([1, seed + 1])
    centres = shared.standard_normal((max(1, total // 250), 64), dtype=np.float32)
    latent = centres[own.integers(0, len(centres), count)] + own.standard_normal(
        (count, 64), dtype=np.float32
    )
    spread = shared.standard_normal((64, width), dtype=np.float32) / 8
    points = latent @ spread + 0.3 * own.standard_normal((count, width), dtype=np.float32)
    lengths = np.linalg.norm(points, axis=1, keepdims=True)
    scaled: Vectors = (points / lengths).astype(np.float32)
    return scaled


def _use_threads(count: int) -> None:
    import faiss

    library: Any = faiss
    library.omp_set_num_threads(count)


if __name__ == "__main__":
    main()
