"""The collection table: its two channels against dense computations, shared rows, and what it knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sentrep.baselines.collection import L_SHARE, SMOOTHING, WINDOW, collection_table
from sentrep.baselines.fit import fit
from sentrep.baselines.passages import Passages
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.batching import encode

TEXTS = [
    "cats chase mice fields",
    "cat mice cheese",
    "dogs chase cats gardens",
    "ships sail seas",
    "ship sea storms",
    "storms sink ships seas harbours",
]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Store:
    place = tmp_path_factory.mktemp("collection")
    (place / "texts.txt").write_text("\n\n".join(TEXTS) + "\n")
    config = CorpusConfig((str(place / "texts.txt"),), split="lines")
    return prepare(config, TokenizerConfig("word", vocab=200), place / "cache")


def rows_of(store: Store) -> dict[str, np.ndarray]:
    table = collection_table(Passages(store, 32), seed=0)
    inner = store.tokenizer.inner
    return {inner.id_to_token(number): row for number, row in enumerate(table)}


def test_products_of_the_ppmi_channel_are_those_of_its_matrix(small: Store) -> None:
    """With as many directions as words nothing is lost: rows U s^½ have the products of U s Uᵀ."""
    words = sorted({_singular(word) for text in TEXTS for word in text.split()})
    place = {word: number for number, word in enumerate(words)}
    counts = np.zeros((len(words), len(words)))
    for text in TEXTS:
        terms = [place[_singular(word)] for word in text.split()]
        for i, first in enumerate(terms):
            for second in terms[i + 1 : i + 1 + WINDOW]:
                counts[first, second] += 1
                counts[second, first] += 1
    contexts = counts.sum(1) ** SMOOTHING / (counts.sum(1) ** SMOOTHING).sum()
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(np.log(counts / (counts.sum(1)[:, None] * contexts)), 0)
    left, values, _ = np.linalg.svd(ppmi)
    expected = left * np.sqrt(values)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    rows = rows_of(small)
    found = np.stack([rows[word if word in rows else f"{word}s"] for word in words])
    width = found.shape[1] - min(len(TEXTS), len(words))
    channel = found[:, :width]
    channel /= np.linalg.norm(channel, axis=1, keepdims=True)
    assert np.allclose(channel @ channel.T, expected @ expected.T, atol=1e-3)


def test_plurals_share_a_row_and_special_tokens_have_none(small: Store) -> None:
    rows = rows_of(small)
    assert np.array_equal(rows["cats"], rows["cat"])
    assert not np.array_equal(rows["cats"], rows["ships"])
    assert not any(rows[name].any() for name in rows if name.startswith("["))


def test_what_occurs_together_is_near(small: Store) -> None:
    encoder = fit("collection", small)
    vectors = encode(encoder, ["cheese", "cat", "storms", "sea", "unknown"])
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[3] + 0.05
    assert vectors[2] @ vectors[3] > vectors[2] @ vectors[1] + 0.05
    assert not vectors[4].any()


def test_the_same_corpus_gives_the_same_table(small: Store) -> None:
    first, again = (collection_table(Passages(small, 32), seed=0) for _ in range(2))
    assert np.array_equal(first, again)


def test_channels_weigh_as_documented(small: Store) -> None:
    table = collection_table(Passages(small, 32), seed=0)
    width = table.shape[1] - len(TEXTS)
    counts = np.stack(
        [np.bincount(np.array(small.tokenizer.encode(text)), minlength=len(table)) for text in TEXTS]
    )
    documents = counts @ table
    squares = np.square(documents[:, :width]).sum(1).mean(), np.square(documents[:, width:]).sum(1).mean()
    assert squares == (pytest.approx(1, rel=1e-3), pytest.approx(L_SHARE**2, rel=1e-3))


def test_memory_of_pairs_is_bounded(small: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentrep.baselines.collection.MOST_PAIRS", 5)
    assert np.isfinite(collection_table(Passages(small, 32), seed=0)).all()


def _singular(word: str) -> str:
    return word.removesuffix("s")


def test_one_document_is_enough(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("A single text stands here.\n")
    store = prepare(
        CorpusConfig((str(tmp_path / "one.txt"),)), TokenizerConfig("word", vocab=50), tmp_path / "c"
    )
    assert np.isfinite(collection_table(Passages(store, 32), seed=0)).all()
