"""Measures `sentrep clusters`: V-measure, agreement over five seeds, and NPMI of the words of names.

    python scripts/mining_clusters.py --data BENCHMARKS --model minilm

With the true number of labels, on 2,000 texts of AG, THUC titles and BBC, by latent semantic analysis (the
default of `sentrep clusters`), tf-idf (spherical k-means of scikit-learn) and a model.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import v_measure_score

import sentrep
from sentrep.mining.anomaly_scores import word_counts
from sentrep.mining.clusters import agreement, cluster_texts, name_clusters
from sentrep.mining.settings import ClusterSettings
from sentrep.mining.text_vectors import lsa_vectors

TEXTS = 2000
SEEDS = 5


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="")
    parser.add_argument("--sets", nargs="+", default=["bbc", "ag", "thuc"])
    given = parser.parse_args()
    for name in given.sets:
        labels, texts = _texts(given.data, name)
        count = len(set(labels))
        ways = {"lsa": lsa_vectors(texts)[0]}
        if given.model and name != "thuc":
            ways["model"] = sentrep.embed(given.model, texts)
        for way, vectors in ways.items():
            runs = [
                cluster_texts(texts, vectors, ClusterSettings(k=count, seeds=1, seed=seed))
                for seed in range(SEEDS)
            ]
            _print(name, way, labels, texts, [run.labels for run in runs], runs[0].names)
        matrix = TfidfTransformer(sublinear_tf=True).fit_transform(word_counts(texts))
        matrix = matrix[:, np.unique(matrix.indices)]
        found = [KMeans(count, n_init=4, random_state=seed).fit_predict(matrix) for seed in range(SEEDS)]
        _print(name, "tf-idf", labels, texts, found, name_clusters(texts, found[0].astype(np.int64), count))


def _print(
    name: str,
    way: str,
    labels: Sequence[str],
    texts: Sequence[str],
    runs: Sequence[np.ndarray],
    names: list[list[str]],
) -> None:
    scores = [100 * v_measure_score(labels, run) for run in runs]
    print(
        f"{name} {way}: V-measure {np.mean(scores):.1f} (+- {np.std(scores):.1f}), "
        f"agreement {agreement([run.astype(np.int64) for run in runs]):.3f}, NPMI {_npmi(names, texts):.3f}",
        flush=True,
    )
    print("   ", "; ".join(", ".join(words[:3]) for words in names))


def _npmi(names: Sequence[Sequence[str]], texts: Sequence[str]) -> float:
    """Mean normalised pointwise mutual information of pairs of words of a name, over documents."""
    lowered = [text.lower() for text in texts]
    found = []
    for words in names:
        inside = {word: np.array([word in text for text in lowered]) for word in words}
        for one, other in combinations(words, 2):
            both = float((inside[one] & inside[other]).mean())
            apart = float(inside[one].mean() * inside[other].mean())
            found.append(np.log(both / apart) / -np.log(both) if both else -1.0)
    return float(np.mean(found))


def _texts(data: Path, name: str) -> tuple[list[str], list[str]]:
    if name == "bbc":
        with gzip.open(data / "corpus-bbc" / "all.jsonl.gz", "rt", encoding="utf-8") as lines:
            records = [json.loads(line) for line in lines]
        rows = [(record["id"].split("-")[1], record["text"]) for record in records]
    else:
        folder = {"ag": "ag-news", "thuc": "zh-thucnews-titles"}[name]
        with (data / folder / "test.tsv").open(encoding="utf-8") as lines:
            table = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            rows = [(row[0], row[1]) for row in table][1:]
    order = np.random.default_rng(0).permutation(len(rows))[:TEXTS]
    chosen = [rows[at] for at in order.tolist()]
    return [label for label, _ in chosen], [text for _, text in chosen]


if __name__ == "__main__":
    main()
