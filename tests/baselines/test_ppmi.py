"""PPMI-SVD rows: against a naive implementation, and what they are good for."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from sentrep.baselines import ppmi
from sentrep.baselines.ppmi import LARGE, SMALL, Counting, ppmi_rows
from sentrep.baselines.warm_start import FITTED, warm_rows
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.encoders.config import EncoderConfig


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Sentences of words from one of four topics."""
    folder, random = tmp_path_factory.mktemp("ppmi"), np.random.default_rng(0)
    lines = []
    for _ in range(1_500):
        topic = random.integers(4)
        lines.append(
            json.dumps(
                {"text": [" ".join(f"w{topic}{word}" for word in random.integers(0, 9, 6)) for _ in range(2)]}
            )
        )
    (folder / "corpus.jsonl").write_text("\n".join(lines) + "\n")
    corpus = CorpusConfig((str(folder / "corpus.jsonl"),))
    return prepare(corpus, TokenizerConfig("word", vocab=100), folder / "cache")


def naive(store: Store, counting: Counting) -> np.ndarray:
    """(vocab, vocab) the matrix, pair by pair. A document has one passage."""
    pairs: Counter[tuple[int, int]] = Counter()
    bounds = store.documents if counting.sentences > 1 else range(len(store) + 1)
    for start, stop in itertools.pairwise(bounds):
        ids = store.ids[store.offsets[start] : store.offsets[stop]].tolist()
        for one, other in itertools.combinations(range(len(ids)), 2):
            if other - one <= counting.window:
                pairs[ids[one], ids[other]] += 1
                pairs[ids[other], ids[one]] += 1
    size = store.tokenizer.vocab_size
    counts = np.zeros((size, size))
    for pair, count in pairs.items():
        counts[pair] = count if count >= counting.least else 0
    rows = counts.sum(1)
    p, q = rows / rows.sum(), rows**ppmi.SMOOTHING / (rows**ppmi.SMOOTHING).sum()
    expected = np.sqrt(np.outer(p * q, p * q))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, np.maximum(np.log(counts / counts.sum() / expected), 0), 0)


@pytest.mark.parametrize("counting", [SMALL, LARGE])
def test_rows_are_the_leading_eigenvectors_of_the_naive_matrix(
    store: Store, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ppmi, "SAMPLE", 1.0)  # no occurrence is dropped
    rows = ppmi_rows(store, 4, 0, counting)
    values, vectors = np.linalg.eigh(naive(store, counting))
    first = np.argsort(-np.abs(values))[:4]
    expected = vectors[:, first] * np.abs(values[first]) ** ppmi.POWER
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    expected = np.where(lengths > 1e-6, expected / np.maximum(lengths, 1e-6), 0)
    assert np.allclose(rows @ rows.T, expected @ expected.T, atol=1e-3)


def test_words_of_one_topic_are_alike(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ppmi, "SAMPLE", 1e-2)
    rows = ppmi_rows(store, 8, seed=0)
    inner = store.tokenizer.inner
    groups = [[inner.token_to_id(f"w{topic}{word}") for word in range(9)] for topic in range(4)]
    cosines = rows @ rows.T
    same = np.mean([cosines[np.ix_(group, group)].mean() for group in groups])
    other = cosines[np.ix_(groups[0], groups[1])].mean()
    assert same > other + 0.5


def test_rare_pairs_are_dropped_where_there_are_too_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ppmi, "SAMPLE", 1.0)
    monkeypatch.setattr(ppmi, "MOST_PAIRS", 50)
    assert ppmi_rows(store, 8, seed=0).shape == (store.tokenizer.vocab_size, 8)


def test_a_width_beyond_the_vocabulary_and_no_pairs_at_all(store: Store) -> None:
    rows = ppmi_rows(store, 400, seed=0)
    assert rows.shape == (store.tokenizer.vocab_size, 400)
    assert not ppmi_rows(store, 8, 0, Counting(1, 5, 10**6)).any()


def test_rows_are_fitted_once_for_a_corpus(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = EncoderConfig(width=8, warm_start="ppmi")
    first = warm_rows(store, encoder, 0, tmp_path)
    (file,) = (tmp_path / "rows").iterdir()
    monkeypatch.setitem(FITTED, "ppmi", lambda *_: np.zeros_like(first))
    assert np.array_equal(warm_rows(store, encoder, 0, tmp_path), first)
    assert not np.array_equal(warm_rows(store, encoder, 1, tmp_path), first)  # another seed is fitted anew
    file.write_bytes(b"damaged")
    assert not warm_rows(store, encoder, 0, tmp_path).any()
