"""Baselines fitted to a corpus: each against a second implementation, and each as an encoder like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import vstack
from sentence_transformers import SentenceTransformer
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

from sentrep.encoders import folder
from sentrep.encoders.build import build
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.forward import encode
from sentrep.errors import InputError
from sentrep.evaluation import Embeds, Model, Retrieval, evaluate
from sentrep.evaluation.task import unit
from sentrep.text.config import CorpusConfig, TokenizerConfig
from sentrep.text.store import Store, prepare
from sentrep.word_models import passages as word_passages
from sentrep.word_models.config import WordModelName
from sentrep.word_models.documents import DocumentVectors, doc2vec
from sentrep.word_models.fit import WORD_MODELS, WordModelConfig, fit
from sentrep.word_models.lsa import lsa
from sentrep.word_models.passages import Passages
from sentrep.word_models.vectors import LAST_RATE, LEGS, RATE, train, whitened
from tests import toy

SMALL = WordModelConfig(width=16, min_count=1, epochs=20, sample=0.001)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Documents of twelve topics, half of their words common to all."""
    place = tmp_path_factory.mktemp("words")
    return prepare(
        CorpusConfig((str(toy.write_corpus(place / "toy.jsonl")),)), TokenizerConfig("word", vocab=1000), place / "cache"
    )


@pytest.fixture(scope="module")
def fitted(store: Store) -> dict[WordModelName, SentenceTransformer]:
    return {name: fit(name, store, SMALL) for name in WORD_MODELS}


@pytest.fixture(scope="module")
def paragraph_vectors(store: Store) -> Model:
    return doc2vec(store, SMALL)


def sentences(store: Store) -> list[str]:
    return [store.sentence(number) for number in range(len(store))]


class Fixed:
    """Vectors that were made elsewhere."""

    def __init__(self, vectors: Any) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> Any:
        return self.vectors


def cosines(vectors: Any) -> Any:
    vectors = np.asarray(vectors, dtype=np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors @ vectors.T


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_lsa_equals_tfidf_and_truncated_svd(store: Store, power: float) -> None:
    """scikit-learn's, with the 1 that it adds to idf taken away again; new texts with unknown words among them."""
    passages = Passages(store, 3)
    rows = lsa(passages, 11, seed=0, power=power, readings=40)
    texts = [
        " ".join(document[start : start + 3])
        for document in map(store.sentences_of, range(len(store.documents) - 1))
        for start in range(0, len(document), 3)
    ]
    assert len(texts) == len(passages)
    tfidf = TfidfVectorizer(token_pattern=r"\w+|\.").fit(texts)
    tfidf.idf_ = (tfidf.idf_ - 1) ** power
    svd = TruncatedSVD(11, algorithm="arpack").fit(tfidf.transform(texts))
    new = [*texts[:20], "topic1word3 common4 neverseen", "topic7word9 topic2word1 topic2word1."]
    expected = cosines(svd.transform(tfidf.transform(new)))
    ours = [rows[store.tokenizer.encode(text)].mean(axis=0) for text in new]
    np.testing.assert_allclose(cosines(ours), expected, atol=1e-3)


def test_sif_equals_its_algorithm_sentence_by_sentence(store: Store, fitted: dict[WordModelName, SentenceTransformer]) -> None:
    """Arora et al. 2017, algorithm 1, over the whole corpus, from the very vectors that 'word2vec' averages."""
    table = dict(zip(sorted(store.tokenizer.inner.get_vocab().values()), fitted["word2vec"][0].embedding.weight, strict=True))
    counts = store.token_counts()
    texts = sentences(store)
    means = []
    for text in texts:
        tokens = store.tokenizer.encode(text)
        weighted = [1e-3 / (1e-3 + counts[token] / counts.sum()) * table[token].detach().numpy() for token in tokens]
        means.append(np.sum(weighted, axis=0) / len(tokens))
    x = np.array(means)
    first = TruncatedSVD(1, n_iter=50, random_state=0).fit(x).components_
    np.testing.assert_allclose(cosines(encode(fitted["sif"], texts)), cosines(x - x @ first.T @ first), atol=1e-4)


def test_hashing_equals_the_hashing_trick(store: Store, fitted: dict[WordModelName, SentenceTransformer]) -> None:
    texts = sentences(store)[:50]
    expected = HashingVectorizer(n_features=16, token_pattern=r"\w+|\.").transform(texts)
    np.testing.assert_allclose(cosines(encode(fitted["hashing"], texts)), cosines(expected.toarray()), atol=1e-6)


def test_untrained_is_what_training_starts_from(store: Store) -> None:
    texts = sentences(store)[:50]
    for name, frequency in (("untrained", 0.0), ("untrained-weighted", 2e-3)):
        torch.manual_seed(3)
        start = build(EncoderConfig("bag", width=16, frequency=frequency), store.tokenizer.inner, store.token_counts(), 128)
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
    assert opened.get_embedding_dimension() == 16


@pytest.mark.parametrize("name", [name for name in WORD_MODELS if not name.startswith("untrained")])
def test_unknown_words_add_nothing(name: WordModelName, fitted: dict[WordModelName, SentenceTransformer]) -> None:
    known, beside, alone = encode(fitted[name], ["topic1word1", "topic1word1 never seen", "never seen"])
    np.testing.assert_allclose(beside, known, atol=1e-6)
    assert np.linalg.norm(known) == pytest.approx(1)
    assert not alone.any()


def test_whitened_rows_favour_no_direction() -> None:
    """Against the inverse root of scikit-learn's covariance, by another road: principal components of equal variance."""
    random = np.random.default_rng(0)
    rows = (random.standard_normal((300, 8)) @ random.standard_normal((8, 8)) + 5).astype(np.float32)
    rows[7] = 0
    white, learnt = whitened(rows), np.arange(300) != 7
    assert not white[7].any()
    expected = PCA(whiten=True).fit_transform(rows[learnt].astype(np.float64))
    np.testing.assert_allclose(cosines(white[learnt]), cosines(expected), atol=1e-4)


def topic_gap(does: Any) -> float:
    """How much nearer sentences of one topic are than others, where no two share a word."""
    texts = [" ".join(f"topic{topic}word{word}" for word in range(start, start + 6)) for topic in range(12) for start in (0, 6, 12)]
    found = cosines(does(texts))
    topic = np.arange(36) // 3
    same = (topic[:, None] == topic) & ~np.eye(36, dtype=bool)
    return float(found[same].mean() - found[topic[:, None] != topic].mean())


def test_what_learns_learns_topics_and_what_does_not_does_not(
    fitted: dict[WordModelName, SentenceTransformer], paragraph_vectors: Model
) -> None:
    gaps = {name: topic_gap(partial(encode, encoder)) for name, encoder in fitted.items()}
    learnt = {"word2vec", "fasttext", "sif", "sif-fasttext", "lsa"}
    assert all(gaps[name] > 0.2 for name in learnt), gaps  # type: ignore[index]
    assert all(abs(gaps[name]) < 0.1 for name in set(WORD_MODELS) - learnt), gaps
    assert topic_gap(paragraph_vectors.does.encode) > 0.2  # type: ignore[union-attr]


LEARN = """
import sys
from pathlib import Path
from sentrep.evaluation.result import fingerprint
from sentrep.word_models.documents import doc2vec
from sentrep.word_models.config import WordModelConfig
from sentrep.word_models.passages import Passages
from sentrep.word_models.vectors import word_vectors
from sentrep.text.store import Store

store, config = Store.open(Path(sys.argv[1])), WordModelConfig(width=16, min_count=1, epochs=2)
model = doc2vec(store, config)
rows = [word_vectors(kind, Passages(store), config).tobytes() for kind in ("word2vec", "fasttext")]
print(model.content_hash, fingerprint([model.does.encode(["topic1word2 common3", "common1"]).tobytes(), *rows]))
"""


def test_one_thread_makes_one_model_wherever_it_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In another process too, where Python's own hashes are others."""
    command = [sys.executable, "-c", LEARN, str(store.path)]
    there = subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True).stdout
    monkeypatch.setattr(sys, "argv", ["", str(store.path)])
    exec(LEARN, {})
    assert capsys.readouterr().out == there
    assert len(there.split()) == 2


def test_doc2vec_infers_as_gensim_does(store: Store, paragraph_vectors: Model) -> None:
    """Up to what it draws at random: gensim's own inferences for a text are as far from each other as from ours."""
    does = paragraph_vectors.does
    assert isinstance(does, DocumentVectors)
    texts = [" ".join(store.sentences_of(number)) for number in range(20)]
    tokens = [[does.passages.tokens[token] for token in store.tokenizer.encode(text)] for text in texts]
    ours = unit(does, texts)
    theirs = unit(
        Fixed(np.stack([does.model.infer_vector(each, alpha=RATE, min_alpha=LAST_RATE, epochs=50) for each in tokens])), texts
    )
    assert np.mean(np.sum(ours * theirs, axis=1)) > 0.9
    assert np.mean(ours @ theirs.T) < 0.6


def test_doc2vec_vectors_depend_on_the_text_alone(store: Store, paragraph_vectors: Model) -> None:
    does = paragraph_vectors.does
    assert isinstance(does, Embeds)
    texts = ["topic1word1 common2", "neverseen", "topic3word5 topic3word6 common1", "topic1word1 common2"]
    together = does.encode(texts)
    np.testing.assert_array_equal(does.encode(texts[::-1]), together[::-1])
    np.testing.assert_array_equal(together[0], together[3])
    assert not together[1].any()
    assert not np.array_equal(together[0], together[2])


def test_doc2vec_is_known_by_settings_and_seed(store: Store, paragraph_vectors: Model) -> None:
    first, second = (doc2vec(store, replace(SMALL, epochs=1, seed=seed)) for seed in (0, 1))
    assert first.content_hash != second.content_hash
    assert first.method == second.method != paragraph_vectors.method
    assert (first.seed, second.seed) == (0, 1)


def test_doc2vec_is_measured_like_any_model(paragraph_vectors: Model) -> None:
    task = Retrieval("unknown words", ["never", "seen"], ["here", "nor", "there", "either"], [{0: 1.0}, {1: 1.0}])
    found = {result.metric: result.value for result in evaluate(paragraph_vectors, [task]).results}
    assert found["R@1"] == pytest.approx(1 / 4), "no word is known: chance"


class Recorder:
    """A gensim model that learns nothing and remembers what it was told."""

    def __init__(self) -> None:
        self.read, self.rates = list[Any](), list[float]()

    def train(self, texts: Iterable[Any], total_examples: int, epochs: int, start_alpha: float, end_alpha: float) -> None:
        assert total_examples > 0
        assert epochs == 1
        for text in texts:
            self.read.append(text)
            time.sleep(0.001)
        self.rates += [start_alpha, end_alpha]


def test_training_ends_with_the_texts_or_with_the_time() -> None:
    model = Recorder()
    train(model, iter(range(1000)), 30, WordModelConfig())
    assert model.read == list(range(30))
    assert model.rates == [RATE, LAST_RATE]
    model = Recorder()
    began = time.monotonic()
    train(model, iter(range(10**9)), 30, WordModelConfig(minutes=0.4 / 60))
    assert 0.4 <= time.monotonic() - began < 2
    assert model.read == list(range(len(model.read)))
    assert len(model.read) > 30
    assert len(model.rates) == 2 * LEGS
    assert model.rates == sorted(model.rates, reverse=True)
    assert (model.rates[0], model.rates[-1]) == (pytest.approx(RATE, rel=0.01), LAST_RATE)


def test_time_is_kept_by_gensim_itself(store: Store) -> None:
    began = time.monotonic()
    encoder = fit("word2vec", store, replace(SMALL, minutes=0.3 / 60))
    assert 0.3 < time.monotonic() - began < 5
    assert np.isfinite(encode(encoder, sentences(store)[:20])).all()


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_passages_are_the_corpus_cut_at_document_ends(store: Store, size: int) -> None:
    passages = Passages(store, size)
    expected = []
    for number in range(len(store.documents) - 1):
        document = store.sentences_of(number)
        expected += [" ".join(document[start : start + size]).replace(".", " .").split() for start in range(0, len(document), size)]
    assert len(passages) == len(expected)
    bags = vstack(list(passages.bags())).toarray()
    for words, bag in zip(expected, bags, strict=True):
        assert Counter(words) == {passages.tokens[token]: bag[token] for token in np.flatnonzero(bag)}
    shuffled = list(islice(passages.shuffled(0), 2 * len(passages)))
    assert [words for _, words in sorted(shuffled[: len(passages)])] == expected
    assert sorted(shuffled[: len(passages)]) == sorted(shuffled[len(passages) :])
    assert len(passages) < 3 or shuffled[: len(passages)] != shuffled[len(passages) :]


def test_bags_come_in_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vstack(list(Passages(store, 2).bags())).toarray()
    monkeypatch.setattr(word_passages, "_TOKENS_AT_ONCE", 10)
    blocks = list(Passages(store, 2).bags())
    assert len(blocks) > 100
    np.testing.assert_array_equal(vstack(blocks).toarray(), whole)


@pytest.mark.parametrize("name", ["lsa", "sif"])
def test_chinese_is_learnt_from(name: WordModelName, tmp_path: Path) -> None:
    """Without a dictionary, a word is a character."""
    lines = [
        ["小狗在公园里跑。", "一只狗在叫。", "猫和狗都在公园里。"],
        ["飞机正在起飞。", "飞机飞过天空。", "天空中有一架飞机。"],
    ] * 20
    (tmp_path / "zh.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in lines), encoding="utf-8")
    made = prepare(CorpusConfig((str(tmp_path / "zh.jsonl"),)), TokenizerConfig("word"), tmp_path / "cache")
    config = WordModelConfig(width=2, min_count=1, passage=3, epochs=20, window=10, sample=0.0)
    dog, hound, plane = encode(fit(name, made, config), ["一只狗在公园", "小狗和猫在叫", "飞机在天空起飞"])
    assert dog @ hound > 0.5 > dog @ plane


def test_what_cannot_be_fitted_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="--width 10000: LSA has no more directions than words"):
        fit("lsa", store, WordModelConfig(width=10_000))
    for model in (lambda config: fit("word2vec", store, config), lambda config: doc2vec(store, config)):
        with pytest.raises(InputError, match="--min-count 100000: no word of the corpus occurs as often"):
            model(WordModelConfig(min_count=100_000))
    for wrong in ({"width": 0}, {"min_count": 0}, {"minutes": 0.0}, {"frequency": 0.0}, {"sample": 1.0}):
        with pytest.raises(InputError, match="--" + next(iter(wrong)).replace("_", "-")):
            WordModelConfig(**wrong)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "gensim", None)
    with pytest.raises(InputError, match=r"pip install 'sentrep\[peers\]'"):
        fit("word2vec", store)
