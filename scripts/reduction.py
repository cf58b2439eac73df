"""Reduced vectors beside the whole ones: similarity and search after each map, and deep maps beside PCA.

    python scripts/reduction.py maps --data BENCHMARKS --model minilm --out eval/reduction_maps.json
    python scripts/reduction.py deep --data BENCHMARKS --out eval/reduction_deep.json
    python scripts/reduction.py parts --data BENCHMARKS --out eval/reduction_parts.json

`maps` fits PCA, whitening, ITQ and all-but-the-top to a model's vectors of BBC stories and textbooks, and
measures them on similarity sets and collections with queries. `deep` compares the denoising auto-encoder with
PCA on LSA vectors of news, on three seeds: share of the variance that is reconstructed, and P@100 by cosine.
`parts` compares the ten strongest words of each column of NMF and of LSA: their NPMI over the stories of BBC
news.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sentrep import api
from sentrep.baselines.config import WordModelName
from sentrep.baselines.nmf import strongest_words
from sentrep.encoders.deep_map import apply, fit_deep
from sentrep.encoders.linear_map import Moments, all_but_the_top, fit, pca
from sentrep.encoders.serialization import Encoder
from sentrep.evaluation.datasets.beir import read_beir
from sentrep.evaluation.task import Model, Task, evaluate
from sentrep.evaluation.tasks.similarity import read_similarity
from sentrep.utils.vectors import unit

Vectors = NDArray[np.float32]

CORPORA = ("corpus-bbc", "corpus-openstax")
SIMILARITY = (
    "sts-b/dev.tsv",
    "sts12/MSRpar.test.tsv",
    "sts12/OnWN.test.tsv",
    "sts13/headlines.test.tsv",
)
COLLECTIONS = ("retrieval-cranfield", "retrieval-med")
FITTED_TO = 4_000
WIDTHS = (2, 8, 32)
PARTS = (10, 30)
SEEDS = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["maps", "deep", "parts"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    measures: dict[str, Callable[[Path], dict[str, Any]]] = {
        "maps": partial(maps, options.model),
        "deep": deep,
        "parts": parts,
    }
    found = measures[options.what](options.data)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def maps(model: str, data: Path) -> dict[str, Any]:
    """Scores of each map by task."""
    encoder = api.load(model)
    texts = [text for name in CORPORA for text in paragraphs(data / name)]
    chosen = np.random.default_rng(0).permutation(len(texts))[:FITTED_TO]
    fitted_to = api.embed(encoder, [texts[number] for number in chosen])
    moments = Moments(fitted_to.shape[1])
    moments.add(fitted_to)
    wide = fitted_to.shape[1]
    half, quarter = wide // 2, wide // 4
    every: dict[str, Any] = {"whole": lambda vectors: vectors}
    for width in (half, quarter):
        every |= {f"{by} {width}": fit(by, moments, width, fitted_to) for by in ("pca", "whiten", "itq")}
    every |= {
        f"whiten {wide}": fit("whiten", moments, wide, fitted_to),
        "abtt": all_but_the_top(moments, wide),
    }
    similarity = [task for name in SIMILARITY for task in read_similarity(data / name, name=name)]
    tasks = [*similarity, *(read_beir(data / name, name=name) for name in COLLECTIONS)]
    cached = Cached(encoder)
    found = {name: measured(Model(name, name, Mapped(cached, each)), tasks) for name, each in every.items()}
    for name, row in found.items():
        print(f"{name:12}", " ".join(f"{100 * value:.1f}" for value in row.values()), flush=True)
    return found


def measured(model: Model, tasks: Sequence[Task]) -> dict[str, float]:
    """The main score of each task, Spearman or nDCG@10, and their mean."""
    row = {}
    for task in tasks:
        first = evaluate(model, [task]).results[0]
        row[task.name] = first.value / (100 if first.metric == "Spearman" else 1)
    return row | {"mean": float(np.mean(list(row.values())))}


class Cached:
    """An encoder that encodes each text once."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, api.embed(self._encoder, new) if new else (), strict=True))
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True)
class Mapped:
    """An encoder with a map behind it."""

    encoder: Cached
    map: Callable[[Vectors], Vectors]

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.asarray(self.map(self.encoder.encode(texts)), dtype=np.float32)


def deep(data: Path) -> dict[str, Any]:
    """Reconstruction and neighbours of PCA and of the auto-encoder on LSA vectors."""
    from hashing import ag, code_precision, relevance, reuters, views_of

    found: dict[str, Any] = {}
    for texts in (reuters(data), ag(data)):
        views, relevant = views_of(texts), relevance(texts)
        moments = Moments(views.train.shape[1])
        moments.add(views.train)
        for width in WIDTHS:
            linear = pca(moments, width)
            back = linear(views.test) @ linear.matrix.T.astype(np.float32) + moments.mean.astype(np.float32)
            row: dict[str, Any] = {
                "pca": [
                    r2(views.test, back, views.train),
                    code_precision(unit(linear(views.train)), unit(linear(views.test)), relevant),
                ]
            }
            for seed in range(SEEDS):
                deep_map = fit_deep(views.train, width, seed)
                train, test = apply(deep_map.encoder, views.train), apply(deep_map.encoder, views.test)
                row[f"deep {seed}"] = [
                    r2(views.test, apply(deep_map.decoder, test), views.train),
                    code_precision(unit(train), unit(test), relevant),
                ]
            found[f"{texts.name} {width}"] = row
            print(texts.name, width, json.dumps(row), flush=True)
    return found


def parts(data: Path) -> dict[str, Any]:
    """Coherence of the words of the columns of NMF and LSA, fitted to the same stories."""
    corpus = next((data / "corpus-bbc").glob("*.jsonl.gz"))
    with gzip.open(corpus, "rt", encoding="utf-8") as file:
        stories = [json.loads(line)["text"] for line in file]
    texts = [set(re.findall(r"\w+", story.lower())) for story in stories]
    found: dict[str, Any] = {}
    for width in PARTS:
        rows = {f"LSA of scikit-learn {width}": svd_words(stories, width)}
        fitted: list[tuple[WordModelName, int]] = [("lsa", 0), *(("nmf", seed) for seed in range(SEEDS))]
        for name, seed in fitted:
            with tempfile.TemporaryDirectory() as scratch:
                encoder = api.baseline(name, corpus, Path(scratch) / "model", width=width, seed=seed)
            rows[f"{name} {width} {seed}"] = strongest_words(encoder, 10)
        for row, words in rows.items():
            found[row] = {"npmi": npmi(words, texts), "words": words[:5]}
            print(row, f"{found[row]['npmi']:.3f}", flush=True)
    return found


def svd_words(stories: Sequence[str], width: int) -> list[list[str]]:
    """The ten words with the largest absolute weights of each direction of tf-idf rows."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(min_df=5, sublinear_tf=True, stop_words="english")
    svd = TruncatedSVD(width, random_state=0).fit(vectorizer.fit_transform(stories))
    names = vectorizer.get_feature_names_out()
    return [list(names[np.argsort(-np.abs(column))[:10]]) for column in svd.components_]


def npmi(columns: Sequence[Sequence[str]], texts: Sequence[set[str]]) -> float:
    """Mean normalised pointwise mutual information of pairs of words of a column, over whole stories; −1 for
    a pair that no story has."""
    found = []
    for column in columns:
        words = [re.sub(r"\W", "", token.lower()) for token in column]
        inside = {word: np.array([word in text for text in texts]) for word in words}
        for one, other in combinations(inside, 2):
            both = float((inside[one] & inside[other]).mean())
            apart = float(inside[one].mean() * inside[other].mean())
            found.append(float(np.log(both / apart) / -np.log(both)) if 0 < both < 1 else -1.0)
    return float(np.mean(found))


def r2(vectors: Vectors, predicted: Vectors, train: Vectors) -> float:
    """Share of the variance around the training mean that is predicted."""
    left = float(((vectors - predicted) ** 2).sum())
    return 1 - left / float(((vectors - train.mean(axis=0)) ** 2).sum())


def paragraphs(folder: Path) -> list[str]:
    with gzip.open(next(folder.glob("*.jsonl.gz")), "rt", encoding="utf-8") as file:
        return [part for line in file for part in json.loads(line)["text"].split("\n\n") if len(part) > 40]


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
