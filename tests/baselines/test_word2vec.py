"""Training under gensim: to the end of the texts or of the time, and the same wherever it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.decomposition import PCA

from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.fit import fit
from sentrep.baselines.word2vec import LAST_RATE, TIME_PARTS, train, whitened
from sentrep.data.store.store import Store
from sentrep.encoders.batching import encode
from tests.baselines.word_toy import SMALL, cosines, sentences

LEARN = """
import sys
from pathlib import Path
from sentrep.evaluation.result import fingerprint
from sentrep.baselines.doc2vec import doc2vec
from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.passages import Passages
from sentrep.baselines.word2vec import word_vectors
from sentrep.data.store.store import Store

store, config = Store.open(Path(sys.argv[1])), WordModelConfig(width=16, min_count=1, epochs=2)
model = doc2vec(store, config)
rows = [word_vectors(kind, Passages(store), config).tobytes() for kind in ("word2vec", "fasttext")]
vectors = model.implementation.encode(["topic1word2 common3", "common1"])
print(model.content_hash, fingerprint([vectors.tobytes(), *rows]))
"""


@pytest.mark.slow
def test_one_thread_makes_one_model_wherever_it_runs(
    store: Store, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In another process too, where Python's own hashes are others."""
    command = [sys.executable, "-c", LEARN, str(store.path)]
    there = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    ).stdout
    monkeypatch.setattr(sys, "argv", ["", str(store.path)])
    exec(LEARN, {})
    assert capsys.readouterr().out == there
    assert len(there.split()) == 2


class Recorder:
    """A gensim model that learns nothing and remembers what it was told."""

    def __init__(self) -> None:
        self.read, self.rates = list[Any](), list[float]()

    def train(
        self, texts: Iterable[Any], total_examples: int, epochs: int, start_alpha: float, end_alpha: float
    ) -> None:
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
    assert model.rates == [WordModelConfig().lr, LAST_RATE]
    model = Recorder()
    began = time.monotonic()
    train(model, iter(range(10**9)), 30, WordModelConfig(minutes=0.4 / 60))
    assert 0.4 <= time.monotonic() - began < 10
    assert model.read == list(range(len(model.read)))
    assert len(model.read) > 30
    assert len(model.rates) == 2 * TIME_PARTS
    assert model.rates == sorted(model.rates, reverse=True)
    assert (model.rates[0], model.rates[-1]) == (pytest.approx(WordModelConfig().lr, rel=0.01), LAST_RATE)


def test_time_is_kept_by_gensim_itself(store: Store) -> None:
    began = time.monotonic()
    encoder = fit("word2vec", store, replace(SMALL, minutes=0.3 / 60))
    assert 0.3 < time.monotonic() - began < 30
    assert np.isfinite(encode(encoder, sentences(store)[:20])).all()


def test_whitened_rows_favour_no_direction() -> None:
    """Against the inverse root of scikit-learn's covariance, by another road: principal components of equal
    variance."""
    random = np.random.default_rng(0)
    rows = (random.standard_normal((300, 8)) @ random.standard_normal((8, 8)) + 5).astype(np.float32)
    rows[7] = 0
    white, learnt = whitened(rows), np.arange(300) != 7
    assert not white[7].any()
    expected = PCA(whiten=True).fit_transform(rows[learnt].astype(np.float64))
    np.testing.assert_allclose(cosines(white[learnt]), cosines(expected), atol=1e-4)
