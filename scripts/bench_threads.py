"""Training speed by how often idle OpenMP threads look for work before they sleep (`GOMP_SPINCOUNT` of GNU
OpenMP, Linux).

Measured with nothing else running, next to a busy core, and next to another run with as many threads: the
default of `sentrep` comes from this. Each measurement has its own process, because the variable is read
once; in turns. Unit: sentences trained on per second.

python scripts/bench_threads.py --corpus BENCHMARKS/corpus-novels --out eval/bench_threads.json
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path

from bench_methods import ratio, record, trained
from bench_training import in_processes, rate, turns

from sentrep import api
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import prepare
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.utils.cpu import cores

BESIDE = ("nothing", "a busy core", "the same")
COUNTS = (0, 300, 1000, 10_000, 300_000)
"""The last is the default of GNU OpenMP; with 0, threads sleep immediately."""


def main() -> None:
    arguments = options()
    load, ratios, speeds = os.getloadavg()[0], {}, {}
    for name, kind in (run.split("/") for run in arguments.runs):
        for beside in arguments.beside:
            where = f"{name}, {kind}, beside {beside}"
            contenders = {
                str(count): partial(measure, name, kind, count, beside, arguments)
                for count in arguments.counts
            }
            rates = turns(contenders, arguments.rounds, f"sentences ({where})")
            at_once = rates[str(arguments.counts[0])]
            speeds[where] = {count: list(map(round, each)) for count, each in rates.items()}
            ratios[where] = {count: ratio(each, at_once) for count, each in rates.items()}
    print(json.dumps(ratios, indent=1))
    record(arguments, load, ratio_to_first_count=ratios, sentences_per_second=speeds)


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--cache", type=Path, help="folder of prepared corpora; default: that of sentrep")
    parser.add_argument(
        "--runs", nargs="+", default=["quick-thought/bag", "quick-thought/transformer", "skip-thought/gru"]
    )
    parser.add_argument("--beside", nargs="+", choices=BESIDE, default=BESIDE)
    parser.add_argument("--counts", nargs="+", type=int, default=COUNTS)
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--rounds", type=int, default=2, help="turns of each count")
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="duration of a turn, and of the warm-up before it"
    )
    parser.add_argument("--batch-size", type=int, default=256, help="sentences per batch")
    parser.add_argument("--width", type=int, default=256, help="width of the vectors")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    return parser.parse_args()


def measure(name: str, kind: str, count: int, beside: str, arguments: argparse.Namespace) -> float:
    """Sentences per second; for two simultaneous runs their mean."""
    os.environ["GOMP_SPINCOUNT"] = str(count)
    runs = 2 if beside == "the same" else 1
    with busy_core() if beside == "a busy core" else nullcontext():
        return statistics.mean(in_processes(work, name, kind, arguments, times=runs))


def work(name: str, kind: str, arguments: argparse.Namespace) -> float:
    settle_cpu(arguments.threads, alone=True)
    store = prepare(
        api.corpus_config(arguments.corpus), TokenizerConfig(), arguments.cache or api.cache_folder()
    )
    step = trained(name, kind, store, arguments)
    with kept_memory():
        rate(step, arguments.seconds)
        return rate(step, arguments.seconds)


@contextmanager
def busy_core() -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=forever, daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()


def forever() -> None:
    while True:
        time.perf_counter()


if __name__ == "__main__":
    main()
