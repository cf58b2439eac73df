"""Baselines fitted to a corpus: each against a second implementation, and each as an encoder like any
other."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer

from sentrep import api
from sentrep.baselines.config import WordModelName
from sentrep.baselines.doc2vec import doc2vec
from sentrep.baselines.fit import WORD_MODELS, WordModelConfig, fit
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders import serialization as folder
from sentrep.encoders.batching import encode
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.evaluation import Model
from sentrep.utils.errors import InputError
from tests.baselines.word_toy import cosines, sentences
from tests.errors import refuses


def test_sif_equals_its_algorithm_sentence_by_sentence(
    store: Store, fitted: dict[WordModelName, SentenceTransformer]
) -> None:
    """Arora et al. 2017, algorithm 1, over the whole corpus, from the very vectors that 'word2vec'
    averages."""
    table = dict(
        zip(
            sorted(store.tokenizer.inner.get_vocab().values()),
            fitted["word2vec"][0].embedding.weight,
            strict=True,
        )
    )
    counts = store.token_counts()
    texts = sentences(store)
    means = []
    for text in texts:
        tokens = store.tokenizer.encode(text)
        weighted = [
            1e-3 / (1e-3 + counts[token] / counts.sum()) * table[token].detach().numpy() for token in tokens
        ]
        means.append(np.sum(weighted, axis=0) / len(tokens))
    x = np.array(means)
    first = TruncatedSVD(1, n_iter=50, random_state=0).fit(x).components_
    np.testing.assert_allclose(
        cosines(encode(fitted["sif"], texts)), cosines(x - x @ first.T @ first), atol=1e-4
    )


def test_hashing_equals_the_hashing_trick(
    store: Store, fitted: dict[WordModelName, SentenceTransformer]
) -> None:
    texts = sentences(store)[:50]
    expected = HashingVectorizer(n_features=16, token_pattern=r"\w+|\.").transform(texts)
    np.testing.assert_allclose(
        cosines(encode(fitted["hashing"], texts)), cosines(expected.toarray()), atol=1e-6
    )


def test_untrained_is_what_training_starts_from(store: Store) -> None:
    texts = sentences(store)[:50]
    for name, frequency in (("untrained", 0.0), ("untrained-weighted", 2e-3)):
        torch.manual_seed(3)
        start = build(
            EncoderConfig("bag", width=16, frequency=frequency),
            store.tokenizer.inner,
            store.token_counts(),
            128,
        )
        torch.manual_seed(0)
        before = torch.random.get_rng_state()
        made = fit(name, store, WordModelConfig(width=16, frequency=2e-3, seed=3))  # type: ignore[arg-type]
        assert torch.equal(torch.random.get_rng_state(), before)
        np.testing.assert_allclose(encode(made, texts), encode(start, texts), atol=1e-6)


@pytest.mark.parametrize("name", WORD_MODELS)
def test_each_is_an_encoder_of_stock_modules(
    name: WordModelName, store: Store, fitted: dict[WordModelName, SentenceTransformer], tmp_path: Path
) -> None:
    texts = [*sentences(store)[:20], "", "topic1word1 neverseen"]
    folder.save(fitted[name], tmp_path / "model")
    opened = SentenceTransformer(str(tmp_path / "model"), device="cpu")
    np.testing.assert_allclose(opened.encode(texts), encode(fitted[name], texts), atol=1e-6)
    assert folder.content_hash(opened) == folder.content_hash(fitted[name])
    assert name == "collection" or opened.get_embedding_dimension() == 16


@pytest.mark.parametrize("name", [name for name in WORD_MODELS if not name.startswith("untrained")])
def test_unknown_words_add_nothing(
    name: WordModelName, fitted: dict[WordModelName, SentenceTransformer]
) -> None:
    known, beside, alone = encode(fitted[name], ["topic1word1", "topic1word1 never seen", "never seen"])
    np.testing.assert_allclose(beside, known, atol=1e-6)
    assert np.linalg.norm(known) == pytest.approx(1)
    assert not alone.any()


def topic_gap(implementation: Any) -> float:
    """How much nearer sentences of one topic are than others, where no two share a word."""
    texts = [
        " ".join(f"topic{topic}word{word}" for word in range(start, start + 6))
        for topic in range(12)
        for start in (0, 6, 12)
    ]
    found = cosines(implementation(texts))
    topic = np.arange(36) // 3
    same = (topic[:, None] == topic) & ~np.eye(36, dtype=bool)
    return float(found[same].mean() - found[topic[:, None] != topic].mean())


def test_what_learns_learns_topics_and_what_does_not_does_not(
    fitted: dict[WordModelName, SentenceTransformer], paragraph_vectors: Model
) -> None:
    gaps = {name: topic_gap(partial(encode, encoder)) for name, encoder in fitted.items()}
    learnt = {"word2vec", "fasttext", "sif", "sif-fasttext", "lsa", "nmf", "collection"}
    assert all(gaps[name] > 0.2 for name in learnt), gaps  # type: ignore[index]
    assert all(abs(gaps[name]) < 0.1 for name in set(WORD_MODELS) - learnt), gaps
    assert topic_gap(paragraph_vectors.implementation.encode) > 0.2  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["lsa", "sif"])
def test_chinese_is_learnt_from(name: WordModelName, tmp_path: Path) -> None:
    """Without a dictionary, a word is a character."""
    lines = [
        ["小狗在公园里跑。", "一只狗在叫。", "猫和狗都在公园里。"],
        ["飞机正在起飞。", "飞机飞过天空。", "天空中有一架飞机。"],
    ] * 20
    (tmp_path / "zh.jsonl").write_text(
        "\n".join(json.dumps({"text": text}) for text in lines), encoding="utf-8"
    )
    made = prepare(CorpusConfig((str(tmp_path / "zh.jsonl"),)), TokenizerConfig("word"), tmp_path / "cache")
    config = WordModelConfig(width=4, min_count=1, passage=3, epochs=20, window=10, sample=0.0)
    dog, hound, plane = encode(fit(name, made, config), ["一只狗在公园", "小狗和猫在叫", "飞机在天空起飞"])
    assert dog @ hound > 0.5 > dog @ plane


def test_what_is_no_folder_says_so_before_any_work(tmp_path: Path) -> None:
    with refuses(setting="name"):
        api.baseline("doc2vec", tmp_path / "absent", tmp_path / "out")  # type: ignore[arg-type]
    with refuses(setting="name"):
        api.baseline("word2vek", tmp_path / "absent", tmp_path / "out")  # type: ignore[arg-type]


def test_doc2vec_is_fitted_from_files(tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("One cat sat on a mat. One dog sat on a log.\n" * 20)
    model = api.doc2vec(
        tmp_path / "texts.txt", WordModelConfig(width=8, min_count=1, epochs=2), tmp_path / "cache"
    )
    assert model.implementation.encode(["a cat sat"]).shape == (1, 8)  # type: ignore[union-attr]


def test_what_cannot_be_fitted_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as error:
        fit("lsa", store, WordModelConfig(width=10_000))
    assert error.value.setting == "width"
    for model in (lambda config: fit("word2vec", store, config), lambda config: doc2vec(store, config)):
        with pytest.raises(InputError) as error:
            model(WordModelConfig(min_count=100_000))
        assert error.value.setting == "min_count"
    for wrong in ({"width": 0}, {"min_count": 0}, {"minutes": 0.0}, {"frequency": 0.0}, {"sample": 1.0}):
        with refuses(setting=next(iter(wrong))):
            WordModelConfig(**wrong)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(InputError, match="pip install 'gensim"):
        fit("word2vec", store)
