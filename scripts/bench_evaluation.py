"""Time and memory of retrieval at two sizes: does memory grow with documents × queries?

Texts are random, and the encoder costs almost nothing, so the evaluation itself is measured. Each
measurement has its own process. Collapsed encoders, for which all documents tie, are measured besides a
normal one.

python scripts/bench_evaluation.py --out eval/bench_evaluation.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation import Embeds, Model, Retrieval, evaluate
from sentrep.utils.cpu import cores

VOCAB = 20_000
WORDS = 16
"""Words of a document."""
KEPT = 2
"""Words of the document that its query repeats."""


class Case(NamedTuple):
    """One measurement."""

    encoder: str
    documents: int
    queries: int
    width: int
    approximate: bool


def main() -> None:
    arguments = options()
    sizes = list(zip(arguments.documents, arguments.queries, strict=True))
    cases = [Case(encoder, *size, arguments.width, False) for encoder in arguments.encoders for size in sizes]
    if arguments.approximate:
        cases.append(Case("words", *sizes[-1], arguments.width, True))
    measured = []
    for case in cases:
        # A new process, because peak memory is recorded over the whole life of a process.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            measured.append(process.submit(measure, case).result())
        show(measured[-1])
    report: dict[str, Any] = {
        "threads": os.environ.get("OMP_NUM_THREADS", "all"),
        "cores": cores(),
        "load_before": arguments.load,
        "load_after": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "measured": measured,
    }
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--documents", nargs="+", type=int, default=[25_000, 100_000])
    parser.add_argument(
        "--queries", nargs="+", type=int, default=[1_250, 5_000], help="one number for each of --documents"
    )
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--encoders", nargs="+", choices=list(ENCODERS), default=list(ENCODERS))
    parser.add_argument(
        "--approximate", action="store_true", help="measure the largest size again, with the HNSW index"
    )
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.set_defaults(load=round(os.getloadavg()[0], 2))
    return parser.parse_args()


def measure(case: Case) -> dict[str, Any]:
    """Make the texts, evaluate, and return time and memory."""
    task = synthetic(case)
    before = peak_megabytes()
    started, busy = time.perf_counter(), time.process_time()
    done = evaluate(Model(case.encoder, case.encoder, ENCODERS[case.encoder](case.width)), [task])
    assert not done.failed, done.failed
    return {
        **case._asdict(),
        "seconds": round(time.perf_counter() - started, 1),
        "seconds_embedding": round(done.results[0].embedding_seconds, 1),
        "seconds_of_processor": round(time.process_time() - busy, 1),
        "megabytes_peak": peak_megabytes(),
        "megabytes_before": before,
        "alarm": done.results[0].alarm,
        "values": {result.metric: round(result.value, 6) for result in done.results},
    }


def show(found: dict[str, Any]) -> None:
    kind = f"{found['encoder']}, HNSW too" if found["approximate"] else found["encoder"]
    size = f"{found['documents']:>9,} x {found['queries']:>6,}, {found['width']} wide"
    seconds, busy = found["seconds"], found["seconds_of_processor"]
    cost = f"{seconds:7.1f} s ({busy:.1f} of CPU), peak {found['megabytes_peak']:6,} MB"
    print(f"{kind:<16}{size}: {cost}   nDCG@10 {found['values']['nDCG@10']:.6f}", flush=True)


def synthetic(case: Case) -> Retrieval:
    """Documents of random words. A query has some words of its one relevant document and three times as many
    other words."""
    random = np.random.default_rng(0)
    words = random.integers(VOCAB, size=(case.documents, WORDS))
    answers = random.choice(case.documents, case.queries, replace=False)
    asked = np.concatenate(
        [words[answers, :KEPT], random.integers(VOCAB, size=(case.queries, 3 * KEPT))], axis=1
    )
    documents, queries = ([" ".join(map(str, row)) for row in rows.tolist()] for rows in (words, asked))
    name = f"{case.documents} x {case.queries}"
    return Retrieval(
        name, queries, documents, [{int(answer): 1.0} for answer in answers], approximate=case.approximate
    )


class Words:
    """Sums of random word vectors: not collapsed, and cheap."""

    def __init__(self, width: int) -> None:
        self.table = np.random.default_rng(1).standard_normal((VOCAB, width), dtype=np.float32)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width)."""
        vectors = np.empty((len(texts), self.table.shape[1]), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            self.table[list(map(int, text.split()))].sum(axis=0, out=row)
        return vectors


class Constant:
    """The same vector for every text."""

    def __init__(self, width: int) -> None:
        self.vector = np.random.default_rng(2).standard_normal(width).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width)."""
        return np.tile(self.vector, (len(texts), 1))


class OneLine(Constant):
    """All vectors on one line through the origin: half of the documents tie for each query."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width)."""
        lengths = np.array([len(text) - 86 for text in texts], dtype=np.float32)
        return lengths[:, None] * self.vector


ENCODERS: dict[str, Callable[[int], Embeds]] = {"words": Words, "constant": Constant, "one line": OneLine}


def peak_megabytes() -> int:
    """Peak resident memory of this process, in MB of 1e6 bytes."""
    status = Path("/proc/self/status").read_text()
    return round(
        int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) * 1024 / 1e6
    )


if __name__ == "__main__":
    main()
