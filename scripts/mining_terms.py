"""Measures `sentrep terms`: terms of each OpenStax book against the others, and words of the Sinica treebank.

    python scripts/mining_terms.py --data BENCHMARKS

Prints precision at 100, where a term counts if it stands in a section title of its book, by exact form and
by base form, for our ranking and for the log-likelihood ratio alone; and F1 of words, punctuation included.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sentrep.mining.ngrams import count_grams
from sentrep.mining.segmentation import segment
from sentrep.mining.settings import TermSettings
from sentrep.mining.terms import Term, base_form, find_terms
from sentrep.mining.units import read_units, units_of

K = 100


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    words(data / "trees-sinica-zh" / "all.trees")
    books(data / "corpus-openstax" / "train.jsonl.gz")


def words(trees: Path) -> None:
    """F1 of the words of a treebank, each cut into words without its trees."""
    gold = [
        re.findall(r"\(\S+ ([^()\s]+)\)", line) for line in trees.read_text(encoding="utf-8").splitlines()
    ]
    with tempfile.TemporaryDirectory() as scratch:
        sequence = read_units(["".join(sentence) for sentence in gold], Path(scratch))
        found = dict(segment(sequence, count_grams(sequence, 4, 2, Path(scratch))))
        starts = [int(start) for start in sequence.starts]
    right = ours = theirs = 0
    for sentence, start in zip(gold, starts, strict=False):
        text = "".join(sentence)
        units = units_of(text)
        if len(units) != len(text):  # a Latin word is one unit; its characters are not counted one by one
            continue
        wanted, got = _spans([len(word) for word in sentence]), set[tuple[int, int]]()
        at = 0
        while at < len(units):
            size = found.get(start + at, 1)
            got.add((at, at + size))
            at += size
        right, ours, theirs = right + len(wanted & got), ours + len(got), theirs + len(wanted)
    print(f"Sinica words: F1 {200 * right / (ours + theirs):.1f} over {theirs:,} words")


def _spans(lengths: Sequence[int]) -> set[tuple[int, int]]:
    ends = np.cumsum(lengths)
    return {(int(end) - length, int(end)) for end, length in zip(ends, lengths, strict=True)}


def books(file: Path) -> None:
    """Precision at 100 of each book's terms against its section titles; the mean over books."""
    records = defaultdict(list)
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            records[record["id"].split("/")[0]].append(record)
    scores: dict[str, list[float]] = defaultdict(list)
    for book, sections in records.items():
        texts = [section["text"] for section in sections]
        others = [section["text"] for name, own in records.items() if name != book for section in own]
        titles = [" ".join(units_of(section["title"])) for section in sections]
        terms = find_terms(texts, others, TermSettings(k=5000, language="english"))
        by_ratio = sorted(terms, key=lambda term: -term.ratio)
        for name, ranked in (("ours", terms), ("ratio", by_ratio)):
            scores[f"{name}, exact"].append(_precision(ranked[:K], titles))
            scores[f"{name}, base form"].append(_precision(ranked[:K], titles, forms=True))
    for name, values in scores.items():
        shown = " ".join(f"{value:.2f}" for value in values)
        print(f"OpenStax P@{K} ({name}): {np.mean(values):.3f}   by book: {shown}")


def _precision(terms: Sequence[Term], titles: Sequence[str], forms: bool = False) -> float:
    texts = [base_form(title) if forms else title for title in titles]
    names = [base_form(term.term) if forms else term.term for term in terms]
    return sum(any(f" {name} " in f" {text} " for text in texts) for name in names) / K


if __name__ == "__main__":
    main()
