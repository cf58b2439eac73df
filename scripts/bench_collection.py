"""Fit the collection's table to a million passages: time, memory, and whether the table is still good.

    python scripts/bench_collection.py --corpus FILES --heldout FILES --passages 1000000

The passages have some 120 words each and are a document each. Where the corpus has fewer, all of it is
repeated; in every repetition a fifth of the words are replaced by words drawn at random from the whole
corpus. So a repetition has new pairs of words, more than real text of the same length would have, and the
frequencies of the words stay the same.

`sentrep baseline collection` runs in a process of its own, first for the corpus without repetitions, then for
all passages. Both tables are measured with the same questions from held-out text.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from bench_documents_size import texts_of
from recorded import sentrep

from sentrep.data.config import CorpusConfig

REPLACED = 0.2
"""Share of the words of a repetition."""


def main() -> None:
    arguments = parsed()
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    for name, count in ("once", None), ("all", arguments.passages):
        file = work / f"{name}.jsonl"
        with ProcessPoolExecutor(1) as writer:  # a child that is measured starts with the peak of its parent
            passages, words = writer.submit(write, file, arguments.corpus, count).result()
        seconds, cpu, memory = timed("baseline", "collection", "--corpus", str(file),
                                     "--out", str(work / name), "--cache", str(work / f"cache-{name}"),
                                     "--overwrite")  # fmt: skip
        print(f"{name}: {passages:,} passages, {words:,} words: {seconds:.0f} s, CPU {cpu:.0f} s, "
              f"{memory:.2f} GB", flush=True)  # fmt: skip
    for unit in "passage", "sentence":
        sentrep("eval", str(work / "once"), str(work / "all"), "--heldout", *arguments.heldout,
                "--unit", unit, "--results", str(work / "results.jsonl"))  # fmt: skip


def write(file: Path, corpus: list[str], count: int | None) -> tuple[int, int]:
    """Write so many passages, or the corpus once, as JSON lines; returns how many passages and words."""
    texts = [text.split() for text in texts_of(CorpusConfig(tuple(corpus)))]
    passages = total = 0
    with file.open("w", encoding="utf-8") as out:
        for words in repeated(texts, count or len(texts)):
            out.write(json.dumps({"id": str(passages), "text": " ".join(words)}, ensure_ascii=False) + "\n")
            passages, total = passages + 1, total + len(words)
    return passages, total


def repeated(texts: list[list[str]], count: int) -> Iterator[list[str]]:
    """The texts as they are, then with some of their words replaced."""
    yield from texts[:count]
    all_words = np.array([word for words in texts for word in words], dtype=object)
    random = np.random.default_rng(0)
    for number in range(len(texts), count):
        words = np.array(texts[number % len(texts)], dtype=object)
        replaced = np.flatnonzero(random.random(len(words)) < REPLACED)
        words[replaced] = all_words[random.integers(len(all_words), size=len(replaced))]
        yield list(words)


def timed(*words: str) -> tuple[float, float, float]:
    """Run a command in a process of its own; returns seconds, CPU seconds, and memory in 10^9 bytes."""
    print("sentrep", *words, flush=True)
    began = time.monotonic()
    command = [sys.executable, "-m", "sentrep", *words]
    child = os.posix_spawn(sys.executable, command, os.environ)
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"the command ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e9


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpus", nargs="+", required=True, help="files and folders of text")
    parser.add_argument("--heldout", nargs="+", required=True, help="text of the same kind, for questions")
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=Path("runs/collection"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
