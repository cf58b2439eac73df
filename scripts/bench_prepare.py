"""Speed and memory of preparing a corpus: sentences per second, seconds by stage, peak memory of all
processes.

python scripts/bench_prepare.py --corpus BENCHMARKS/corpus-novels --out eval/bench_prepare.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import prepare
from sentrep.utils.cpu import cores

EVERY = 0.05
"""Seconds between two measurements of memory."""


def main() -> None:
    arguments = options()
    corpus = CorpusConfig(tuple(arguments.corpus))
    tokenizer = TokenizerConfig(arguments.tokenizer, vocab=arguments.vocab)
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as cache:
        meter = Meter()
        before = processor_seconds()
        start = time.perf_counter()
        store = prepare(corpus, tokenizer, Path(cache))
        seconds = time.perf_counter() - start
        busy = processor_seconds() - before
        peak = meter.stop()
        start = time.perf_counter()
        assert prepare(corpus, tokenizer, Path(cache)).reused
        reopened = time.perf_counter() - start
        result: dict[str, Any] = {
            "corpus": [Path(name).name for name in arguments.corpus],
            "tokenizer": arguments.tokenizer,
            "vocab": store.tokenizer.vocab_size,
            "sentences": store.sentences,
            "tokens": store.tokens,
            "documents": len(store.documents) - 1,
            "seconds": round(seconds, 2),
            "sentences_per_second": round(store.sentences / seconds),
            "processor_seconds": round(busy, 2),
            "sentences_per_processor_second": round(store.sentences / busy),
            "seconds_by_stage": store.header["seconds"],
            "seconds_to_find_again": round(reopened, 2),
            "peak_megabytes": round(peak / 1e6),
            "cores": cores(),
            "load_before": arguments.load,
            "python": platform.python_version(),
        }
    show(result)
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders")
    parser.add_argument("--tokenizer", default="bpe", help="bpe, unigram, word or a path")
    parser.add_argument("--vocab", type=int, default=32_000)
    parser.add_argument(
        "--scratch", type=Path, help="folder for temporary files; default: that of the system"
    )
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.set_defaults(load=round(os.getloadavg()[0], 2))
    return parser.parse_args()


def show(result: dict[str, Any]) -> None:
    print(f"{result['sentences']:,} sentences, {result['tokens']:,} tokens, {result['cores']} cores")
    for stage, seconds in result["seconds_by_stage"].items():
        print(f"  {stage:<18}{seconds:8.1f} s")
    print(f"  {'all':<18}{result['seconds']:8.1f} s   {result['sentences_per_second']:,} sentences/s")
    print(f"  {'found again':<18}{result['seconds_to_find_again']:8.1f} s")
    print(f"  {'peak memory':<18}{result['peak_megabytes']:8,} MB, all processes together")


def processor_seconds() -> float:
    """CPU seconds of this process and of its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class Meter:
    """Measures the memory of this process and its descendants: the sum of resident sizes, with shared pages
    counted for each process."""

    def __init__(self) -> None:
        self._peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """Stop, and return the peak in bytes."""
        self._ended.set()
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            self._peak = max(self._peak, sum(map(resident, family())))


def family() -> list[int]:
    """This process and its descendants, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):  # the process has ended
                continue
    found = [os.getpid()]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return found


def resident(process: int) -> int:
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


if __name__ == "__main__":
    main()
