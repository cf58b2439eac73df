"""Measures `sentrep duplicates`: planted near-duplicates, pairs of questions, and time and memory of a
million texts.

python scripts/mining_duplicates.py planted --data BENCHMARKS
python scripts/mining_duplicates.py quora --data BENCHMARKS --model minilm
python scripts/mining_duplicates.py million --data BENCHMARKS
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
import resource
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np

import sentrep
from sentrep.mining.near_duplicates import group_duplicates

COPIES = 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("planted", "quora", "million"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=1_000_000, help="texts of 'million'")
    given = parser.parse_args()
    if given.what == "planted":
        planted(given.data)
    elif given.what == "quora":
        quora(given.data, given.model)
    else:
        million(given.data, given.count)


def planted(data: Path) -> None:
    """Precision and recall of pairs: news of AG, with copies of which a share of the words is changed."""
    with (data / "ag-news" / "train.tsv").open(encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        texts = list(dict.fromkeys(row[1] for row in rows))[1:]
    vocabulary = sorted({word for text in texts for word in text.split()})
    for threshold in (0.5, 0.7):
        before = _pairs(group_duplicates(texts, threshold).group)
        for share in (0.01, 0.05, 0.2):
            random = np.random.default_rng(0)
            chosen = random.choice(len(texts), COPIES, replace=False)
            copies = [_edited(texts[at], share, vocabulary, random) for at in chosen.tolist()]
            group = group_duplicates([*texts, *copies], threshold).group
            recall = float(np.mean(group[chosen] == group[len(texts) :]))
            precision = min(1.0, recall * COPIES / max(_pairs(group) - before, 1))
            print(
                f"edits {share:.0%}, threshold {threshold}: recall {recall:.3f}, precision {precision:.3f}",
                flush=True,
            )


def _pairs(group: np.ndarray) -> int:
    sizes = np.bincount(group)
    return int((sizes * (sizes - 1) // 2).sum())


def _edited(text: str, share: float, vocabulary: Sequence[str], random: np.random.Generator) -> str:
    """A text of which a share of the words is replaced, deleted or doubled, one word at least."""
    words: list[str] = text.split()
    for at in random.choice(len(words), max(1, round(share * len(words))), replace=False).tolist():
        way = random.integers(3)
        other = vocabulary[int(random.integers(len(vocabulary)))]
        words[at] = (other, "", f"{words[at]} {words[at]}")[int(way)]
    return " ".join(word for word in words if word)


def quora(data: Path, model: str) -> None:
    """Precision and recall of pairs of questions: the threshold with the best F1 on dev, measured on test."""
    for part in ("dev", "test"):
        with (data / "quora-pairs" / f"{part}.tsv").open(encoding="utf-8") as file:
            rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
        gold = np.array([row[0] == "1" for row in rows])
        ways = {"near": _jaccards([row[1] for row in rows], [row[2] for row in rows])}
        if model:
            one, other = (sentrep.embed(model, [row[at] for row in rows]) for at in (1, 2))
            lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
            ways["semantic"] = (one * other).sum(axis=1) / lengths
        for name, scores in ways.items():
            if part == "dev":
                limits = np.round(np.arange(0.1, 1, 0.02), 2)
                CHOSEN[name] = float(max(limits, key=lambda limit: _f1(gold, scores >= limit)[2]))
            for limit in (CHOSEN[name], 0.7 if name == "near" else 0.9):
                precision, recall, f1 = _f1(gold, scores >= limit)
                print(f"{part} {name} {limit}: precision {precision:.3f} recall {recall:.3f} F1 {f1:.3f}")


CHOSEN: dict[str, float] = {}


def _jaccards(one: Sequence[str], other: Sequence[str]) -> np.ndarray:
    from sentrep.mining.shingles import jaccard, shingles

    count = np.arange(len(one))
    return jaccard(shingles([*one, *other]), count, count + len(one))


def _f1(gold: np.ndarray, found: np.ndarray) -> tuple[float, float, float]:
    right = float((gold & found).sum())
    precision, recall = right / max(found.sum(), 1), right / gold.sum()
    return precision, recall, 2 * precision * recall / max(precision + recall, 1e-9)


def million(data: Path, count: int) -> None:
    """A million sentences of novels: seconds and peak memory of finding near-duplicates."""
    texts: list[str] = []
    for text in chain.from_iterable(map(_texts, sorted((data / "corpus-novels").glob("train*.jsonl.gz")))):
        texts += [
            " ".join(sentence.split()) for sentence in re.split(r"(?<=[.!?])\s+", text) if sentence.strip()
        ]
        if len(texts) >= count:
            break
    texts = texts[:count]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    started, processor = time.perf_counter(), time.process_time()
    found = group_duplicates(texts)
    seconds, used = time.perf_counter() - started, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    dropped = int((~found.kept).sum())
    print(f"{len(texts):,} texts: {seconds:.0f} s ({used:.0f} s of processor), {dropped:,} dropped")
    print(f"peak memory {peak:.2f} GB, of which the texts and libraries {before:.2f} GB")


def _texts(file: Path) -> list[str]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


if __name__ == "__main__":
    main()
