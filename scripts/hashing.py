"""Binary codes of texts by several methods: precision of the 100 nearest texts by Hamming distance.

    python scripts/hashing.py --data BENCHMARKS --out eval/hashing.json

All methods see the training texts without their labels, and nothing is selected by labels: the settings are
the same for all corpora. The training texts are the data base, the test texts are the queries. A text is
relevant if it has a topic of the query. Where several texts have the distance of the 100th, the value is its
expectation over their orders.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import nn

from sentrep.encoders.linear_map import rotation_to_signs
from sentrep.modules.latent.bernoulli import BernoulliBottleneck
from sentrep.utils.vectors import unit

BITS = (16, 32, 64)
NEAREST = 100
LSA_WIDTH = 128
WORDS = 5000
STEPS, BLOCK, LR, NOISE = 500, 256, 4e-3, 0.7
SPREAD = 2.0
"""Standard deviation of the log-odds of the bits of ITQ at the start of training."""

Vectors = NDArray[np.float32]


class Texts(NamedTuple):
    """Texts with their topics, to search in and to ask with."""

    name: str
    train: list[str]
    train_topics: list[set[str]]
    test: list[str]
    test_topics: list[set[str]]
    analyzer: str


class Views(NamedTuple):
    """What codes are made from."""

    train: Vectors
    test: Vectors
    words: Any
    """(text, word) tf-idf of the training texts, sparse; rows sum to 1."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parser.parse_args()
    found: dict[str, Any] = {}
    for texts in (CORPORA[name](options.data) for name in options.corpora):
        views = views_of(texts)
        relevant = relevance(texts)
        row: dict[str, Any] = {"LSA, cosine": {LSA_WIDTH: code_precision(views.train, views.test, relevant)}}
        for name in options.methods:
            codes = METHODS[name]
            seeds = range(options.seeds if "hashing" in name else 1)
            row[name] = {
                bits: [code_precision(*codes(views, bits, seed), relevant) for seed in seeds] for bits in BITS
            }
            means = {bits: round(float(np.mean(each)), 3) for bits, each in row[name].items()}
            print(texts.name, name, means, flush=True)
        found[texts.name] = row
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def reuters(data: Path) -> Texts:
    """Reuters stories with one of the 20 commonest topics of the training part."""
    with gzip.open(data / "corpus-reuters/train.jsonl.gz", "rt", encoding="utf-8") as file:
        stories = [json.loads(line) for line in file]
    counts = Counter(topic for each in stories if each["split"] == "TRAIN" for topic in each["topics"])
    common = {topic for topic, _ in counts.most_common(20)}
    parts: dict[str, tuple[list[str], list[set[str]]]] = {"TRAIN": ([], []), "TEST": ([], [])}
    for each in stories:
        if each["split"] in parts and (topics := common & set(each["topics"])):
            parts[each["split"]][0].append(f"{each['title']}\n{each['text']}")
            parts[each["split"]][1].append(topics)
    return Texts("Reuters", *parts["TRAIN"], *parts["TEST"], "word")


def ag(data: Path) -> Texts:
    """AG news in four classes."""
    return Texts("AG", *tsv(data / "ag-news/train.tsv"), *tsv(data / "ag-news/test.tsv"), "word")


def titles(data: Path) -> Texts:
    """Chinese headlines; single characters and pairs are the words."""
    folder = data / "zh-thucnews-titles"
    return Texts("THUC titles", *tsv(folder / "dev.tsv"), *tsv(folder / "test.tsv"), "char")


CORPORA = {"reuters": reuters, "ag": ag, "titles": titles}


def tsv(path: Path) -> tuple[list[str], list[set[str]]]:
    rows = [line.split("\t", 1) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    return [text for _, text in rows], [{label} for label, _ in rows]


def views_of(texts: Texts) -> Views:
    """LSA vectors, and tf-idf weights of the commonest words."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = (1, 2) if texts.analyzer == "char" else (1, 1)
    shared: dict[str, Any] = {"analyzer": texts.analyzer, "ngram_range": words, "sublinear_tf": True}
    if texts.analyzer == "word":
        shared["stop_words"] = "english"
    full = TfidfVectorizer(min_df=2, **shared)
    svd = TruncatedSVD(LSA_WIDTH, random_state=0)
    train = svd.fit_transform(full.fit_transform(texts.train))
    test = svd.transform(full.transform(texts.test))
    targets = TfidfVectorizer(max_features=WORDS, norm="l1", **shared).fit_transform(texts.train)
    return Views(unit(train), unit(test), targets.tocsr())


def relevance(texts: Texts) -> NDArray[np.bool_]:
    """(query, text) whether they share a topic."""
    topics = sorted(set().union(*texts.train_topics))
    sides = [
        np.array([[topic in each for topic in topics] for each in side], dtype=np.float32)
        for side in (texts.test_topics, texts.train_topics)
    ]
    return np.asarray(sides[0] @ sides[1].T > 0)


Codes = tuple[Vectors, Vectors]
"""Codes of ±1 of the training and of the test texts."""


def hyperplanes(views: Views, bits: int, seed: int) -> Codes:
    """Signs of random projections (LSH)."""
    planes = np.random.default_rng(seed).normal(size=(views.train.shape[1], bits))
    return signs(views.train @ planes), signs(views.test @ planes)


def medians(views: Views, bits: int, seed: int) -> Codes:
    """Signs of the first LSA dimensions around their medians."""
    middle = np.median(views.train[:, :bits], axis=0)
    return signs(views.train[:, :bits] - middle), signs(views.test[:, :bits] - middle)


def rotated(views: Views, bits: int, seed: int) -> Codes:
    """Signs of the first LSA dimensions after the rotation of ITQ."""
    mean = views.train[:, :bits].mean(axis=0)
    turn = rotation_to_signs((views.train[:, :bits] - mean).astype(np.float64), seed)
    return signs((views.train[:, :bits] - mean) @ turn), signs((views.test[:, :bits] - mean) @ turn)


def hashed(views: Views, bits: int, seed: int) -> Codes:
    """The model of `methods/semantic_hashing` on LSA vectors."""
    torch.manual_seed(seed)
    width = views.train.shape[1]
    return trained_codes(
        nn.Sequential(nn.Linear(width, 256), nn.GELU(), nn.Linear(256, bits)), views, bits, seed
    )


class FromRotation(nn.Module):
    """The rotated dimensions of ITQ, and a network that starts at 0 beside them."""

    def __init__(self, views: Views, bits: int, seed: int) -> None:
        super().__init__()
        width = views.train.shape[1]
        mean = views.train[:, :bits].mean(axis=0)
        turn = rotation_to_signs((views.train[:, :bits] - mean).astype(np.float64), seed)
        scale = SPREAD / ((views.train[:, :bits] - mean) @ turn).std() / width**0.5
        matrix = torch.from_numpy(np.asarray(turn.T * scale, np.float32))
        self.rotation = nn.Linear(bits, bits)
        with torch.no_grad():
            self.rotation.weight.copy_(matrix)
            self.rotation.bias.copy_(-matrix @ torch.from_numpy(mean) * width**0.5)
        self.bits = bits
        last = nn.Linear(256, bits)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.network = nn.Sequential(nn.Linear(width, 256), nn.GELU(), last)

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        added: torch.Tensor = self.rotation(vectors[:, : self.bits]) + self.network(vectors)
        return added


def hashed_from_rotation(views: Views, bits: int, seed: int) -> Codes:
    """The same model, whose encoder starts as ITQ."""
    torch.manual_seed(seed)
    return trained_codes(FromRotation(views, bits, seed), views, bits, seed)


def trained_codes(encoder: nn.Module, views: Views, bits: int, seed: int) -> Codes:
    """Codes of an encoder from which the words of a text can be predicted."""
    width = views.train.shape[1]
    bottleneck, decoder = BernoulliBottleneck(bits), nn.Linear(bits, views.words.shape[1])
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=LR)
    vectors = torch.from_numpy(views.train) * width**0.5
    for progress, rows in blocks(len(vectors), seed):
        code = bottleneck(encoder(vectors[rows]), progress)
        logits = decoder(code.latent + NOISE * torch.randn_like(code.latent))
        target = torch.from_numpy(views.words[rows.numpy()].toarray()).float()
        loss = (code.penalty - (target * F.log_softmax(logits, 1)).sum(1)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        made = [encoder(torch.from_numpy(side) * width**0.5) for side in (views.train, views.test)]
    return signs(made[0].numpy()), signs(made[1].numpy())


METHODS: dict[str, Callable[[Views, int, int], Codes]] = {
    "random hyperplanes": hyperplanes,
    "LSA, signs at the median": medians,
    "LSA + ITQ": rotated,
    "semantic hashing": hashed,
    "semantic hashing from ITQ": hashed_from_rotation,
}


def blocks(count: int, seed: int) -> Iterator[tuple[float, torch.Tensor]]:
    """Progress and the rows of each block of the run; all rows come once before any comes again."""
    order, waiting = torch.Generator().manual_seed(seed), torch.empty(0, dtype=torch.long)
    for step in range(STEPS):
        if len(waiting) < min(BLOCK, count):
            waiting = torch.cat([waiting, torch.randperm(count, generator=order)])
        yield step / STEPS, waiting[:BLOCK]
        waiting = waiting[BLOCK:]


def code_precision(train: Vectors, test: Vectors, relevant: NDArray[np.bool_]) -> float:
    return float(np.mean([precision(test[q] @ train.T, relevant[q]) for q in range(len(test))]))


def precision(scores: Vectors, relevant: NDArray[np.bool_]) -> float:
    """P@100 with the expected value over orders of texts of the same score."""
    edge = np.partition(scores, -NEAREST)[-NEAREST]
    above, tied = scores > edge, scores == edge
    share = (NEAREST - above.sum()) / tied.sum()
    return float((relevant[above].sum() + share * relevant[tied].sum()) / NEAREST)


def signs(values: Any) -> Vectors:
    return np.where(values > 0, 1, -1).astype(np.float32)


if __name__ == "__main__":
    main()
