"""Rows completed by character n-grams: the regression against its closed form, and what rare tokens get."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sentrep.baselines import ngrams
from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.ngrams import ngram_matrix, ppmi_ngram_rows
from sentrep.baselines.passages import Passages
from sentrep.baselines.warm_start import FASTTEXT_EPOCHS, fasttext_rows
from sentrep.baselines.word2vec import word_vectors
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Sentences of words from one of two topics, which begin with the topic's name; `planetary` is rare."""
    folder, random = tmp_path_factory.mktemp("ngrams"), np.random.default_rng(0)
    texts = []
    for _ in range(600):
        topic = ("planet", "garden")[random.integers(2)]
        texts.append([" ".join(f"{topic}{letter}" for letter in random.choice(list("abcdefgh"), 6))])
    texts.append(["planetary"])
    (folder / "corpus.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    corpus = CorpusConfig((str(folder / "corpus.jsonl"),))
    return prepare(corpus, TokenizerConfig("word", vocab=100), folder / "cache")


def test_n_grams_that_one_token_alone_has_are_left_out() -> None:
    matrix = ngram_matrix(["▁cat", "▁car", None, "xyz"]).toarray()
    assert matrix.shape == (4, 1)
    assert matrix[:, 0].tolist() == [1, 1, 0, 0]
    assert ngram_matrix([None, "ab"]).nnz == 0


def test_the_regression_is_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "STEPS", 60)
    random = np.random.default_rng(0)
    tokens = ["▁cats", "▁cat", "▁carts", "▁start", "▁arts", "▁bats"]
    rows = random.standard_normal((6, 3)).astype(np.float32)
    rows[4] = 0  # nothing is known of it
    counts = np.array([5, 2000, 3, 10, 1, 7], np.float32)
    spelling = ngram_matrix(tokens)
    weights = np.sqrt(np.where(rows.any(axis=1), np.minimum(counts, ngrams.MOST), 0))
    weighted = spelling.toarray() * (weights / weights.mean())[:, None]
    target = rows * (weights / weights.mean())[:, None]
    gram = weighted.T @ weighted + ngrams.RIDGE * np.eye(spelling.shape[1])
    expected = spelling.toarray() @ np.linalg.solve(gram, weighted.T @ target)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(ngrams._predicted(spelling, rows, counts), expected, atol=1e-3)


def test_a_rare_token_is_near_tokens_of_its_spelling(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentrep.baselines.ppmi.SAMPLE", 1e-2)
    rows = ppmi_ngram_rows(store, 16, 0)
    number = store.tokenizer.inner.token_to_id
    rare = rows[number("planetary")]
    same = [rows[number(f"planet{letter}")] @ rare for letter in "abcdefgh"]
    other = [rows[number(f"garden{letter}")] @ rare for letter in "abcdefgh"]
    assert np.mean(same) > np.mean(other) + 0.1
    special = sorted(store.tokenizer.special)
    known = np.delete(rows, special, axis=0)
    assert not rows[special].any()
    assert np.allclose(np.linalg.norm(known, axis=1), 1, atol=1e-5)
    assert np.array_equal(rows, ppmi_ngram_rows(store, 16, 0))
    assert not np.array_equal(rows, ppmi_ngram_rows(store, 16, 1))


ROWS = """
import sys
from pathlib import Path
import numpy as np
from sentrep.baselines.ngrams import ppmi_ngram_rows
from sentrep.data.store.store import Store
np.save(sys.argv[2], ppmi_ngram_rows(Store.open(Path(sys.argv[1])), 16, 0), allow_pickle=False)
"""


@pytest.mark.slow
def test_rows_do_not_depend_on_the_order_of_sets(tmp_path: Path) -> None:
    random, text = np.random.default_rng(0), "planet plane planes lane lanes table tablet able cable cables"
    texts = [[" ".join(random.permutation(text.split()))] for _ in range(50)]
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    corpus = CorpusConfig((str(tmp_path / "corpus.jsonl"),))
    store = prepare(corpus, TokenizerConfig("word", vocab=100), tmp_path / "cache")
    rows = []
    for seed in ("1", "2"):
        out = tmp_path / f"{seed}.npy"
        command = [sys.executable, "-c", ROWS, str(store.path), str(out)]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        rows.append(np.load(out, allow_pickle=False))
    assert np.array_equal(*rows)


def test_fasttext_rows_are_those_of_the_baseline_and_have_rare_tokens(store: Store) -> None:
    pytest.importorskip("gensim")
    rows = fasttext_rows(store, 8, 0)
    special = sorted(store.tokenizer.special)
    assert not rows[special].any()
    known = np.delete(rows, special, axis=0)  # `planetary`, which occurs once, among them
    assert np.allclose(np.linalg.norm(known, axis=1), 1, atol=1e-5)
    config = WordModelConfig(8, whiten=True, epochs=FASTTEXT_EPOCHS, seed=0)
    assert np.array_equal(rows, word_vectors("fasttext", Passages(store), config))
    assert not np.array_equal(rows, fasttext_rows(store, 8, 1))
