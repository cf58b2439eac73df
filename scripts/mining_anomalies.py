"""Measures the scores of `sentrep anomalies`: mean AUROC over classes, each in turn the normal one.

    python scripts/mining_anomalies.py --data BENCHMARKS --sets reuters ag
    python scripts/mining_anomalies.py --data BENCHMARKS --sets bbc thuc trec

Reuters has the seven classes and the division of CVDD (3,443 and 1,266 texts with one topic); the settings
were chosen on bbc, thuc and trec. 'against' is the likelihood ratio against novels, textbooks and Wikipedia
instead of the input.
A name that ends in '-few' leaves one anomaly to ten normal texts in the input. With --model, 'cvdd' reads
words by the vectors of a model instead of those of latent semantic analysis.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from sentrep.inference.loading import embedder, encoding
from sentrep.mining.anomalies import WordVectors, score_texts
from sentrep.mining.anomaly_scores import VECTOR_SCORES
from sentrep.mining.text_vectors import lsa_vectors

REUTERS = ("earn", "acq", "crude", "trade", "money-fx", "interest", "ship")
SCORES = (
    "combined", "words", "likelihood-ratio", "against", "rarity", "neighbours", "distance", "reconstruction",
    "flow", "cvdd",
)  # fmt: skip
WAYS = (*SCORES, *(f"{score}-few" for score in SCORES))
Rows = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["reuters", "ag"])
    parser.add_argument("--ways", nargs="+", default=list(WAYS))
    parser.add_argument("--model", help="run, folder or name of a model")
    given = parser.parse_args()
    vectors_of = encoding(embedder(given.model)) if given.model else None
    background = _background(given.data)
    for name in given.sets:
        train, test = _parts(given.data, name)
        for way in given.ways:
            areas, p_values = [], []
            for label in sorted({label for label, _ in test}):
                normal = [text for other, text in train if other == label]
                if len(normal) >= 100:
                    area, share = _area(normal, test, label, way, background, vectors_of)
                    areas.append(100 * area)
                    p_values.append(100 * share)
            shown = " ".join(f"{area:.1f}" for area in areas)
            print(
                f"{name} {way}: mean AUROC {np.mean(areas):.1f}   by class: {shown}   "
                f"normal texts with p <= .05: {np.mean(p_values):.1f} %",
                flush=True,
            )


def _area(
    normal: Sequence[str],
    test: Rows,
    label: str,
    way: str,
    background: Sequence[str],
    vectors_of: WordVectors | None,
) -> tuple[float, float]:
    """AUROC of the texts of other classes, and the share of normal texts with a p-value of .05 or less."""
    rows, score = test, way.removesuffix("-few")
    if way != score:
        others = [row for row in test if row[0] != label]
        usual = [row for row in test if row[0] == label]
        random = np.random.default_rng(0)
        some = random.choice(len(others), max(5, len(usual) // 10), replace=False)
        rows = [*usual, *(others[at] for at in some.tolist())]
    texts, gold = [text for _, text in rows], np.array([other != label for other, _ in rows])
    vectors = None
    if score in ("combined", *VECTOR_SCORES):
        made = lsa_vectors(normal, texts)
        vectors = (made[0], made[1])
    against = background if score == "against" else ()
    name = "likelihood-ratio" if score == "against" else score
    found = score_texts(normal, texts, name, against=against, vectors=vectors, word_vectors=vectors_of)
    return float(roc_auc_score(gold, found.score)), float((found.p_value[~gold] <= 0.05).mean())


def _parts(data: Path, name: str) -> tuple[Rows, Rows]:
    """Labels and texts of training and test."""
    if name == "reuters":
        records = _records(data / "corpus-reuters" / "train.jsonl.gz")
        found = [each for each in records if len(each["topics"]) == 1 and each["topics"][0] in REUTERS]
        parts = [
            [(each["topics"][0], each["text"]) for each in found if each["split"] == part]
            for part in ("TRAIN", "TEST")
        ]
        return parts[0], parts[1]
    if name == "bbc":
        records = _records(data / "corpus-bbc" / "all.jsonl.gz")
        rows = [(each["id"].split("-")[1], each["text"][:300]) for each in records]
        return rows[::2], rows[1::2]
    folder, first = {
        "ag": ("ag-news", "train"),
        "thuc": ("zh-thucnews-titles", "dev"),
        "trec": ("trec", "train"),
    }[name]
    return _table(data / folder / f"{first}.tsv"), _table(data / folder / "test.tsv")


def _records(file: Path) -> list[dict[str, Any]]:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _table(file: Path) -> Rows:
    with file.open(encoding="utf-8") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row[0], row[1]) for row in islice(rows, 1, 4001)]


def _background(data: Path) -> list[str]:
    """Paragraphs of novels, textbooks and Wikipedia."""
    found: list[str] = []
    for name in ("corpus-novels/heldout", "corpus-openstax/train", "corpus-wikitext2-valid-test/test"):
        file = data / f"{name}.jsonl.gz"
        if file.is_file():
            with gzip.open(file, "rt", encoding="utf-8") as lines:
                texts = (json.loads(line)["text"] for line in islice(lines, 200))
                found += [part for text in texts for part in text.split("\n\n")[:40]]
    return found


if __name__ == "__main__":
    main()
