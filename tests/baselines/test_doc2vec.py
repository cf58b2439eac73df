"""Doc2Vec: inferred as gensim infers, and of the text alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sentrep.baselines.doc2vec import DocumentVectors, doc2vec
from sentrep.baselines.word2vec import LAST_RATE
from sentrep.data.store.store import Store
from sentrep.evaluation import Embeds, Model, Retrieval, evaluate
from sentrep.evaluation.vectors import unit_vectors
from tests.baselines.word_toy import SMALL


class Fixed:
    """Vectors that were made elsewhere."""

    def __init__(self, vectors: Any) -> None:
        self.vectors = vectors

    def encode(self, texts: Sequence[str]) -> Any:
        return self.vectors


def test_doc2vec_infers_as_gensim_does(store: Store, paragraph_vectors: Model) -> None:
    """Up to what it draws at random: gensim's own inferences for a text are as far from each other as from
    ours."""
    implementation = paragraph_vectors.implementation
    assert isinstance(implementation, DocumentVectors)
    texts = [" ".join(store.sentences_of(number)) for number in range(20)]
    tokens = [
        [implementation.passages.tokens[token] for token in store.tokenizer.encode(text)] for text in texts
    ]
    ours = unit_vectors(implementation, texts)
    theirs = unit_vectors(
        Fixed(
            np.stack(
                [
                    implementation.model.infer_vector(each, alpha=SMALL.lr, min_alpha=LAST_RATE, epochs=50)
                    for each in tokens
                ]
            )
        ),
        texts,
    )
    assert np.mean(np.sum(ours * theirs, axis=1)) > 0.9
    assert np.mean(ours @ theirs.T) < 0.6


def test_doc2vec_vectors_depend_on_the_text_alone(store: Store, paragraph_vectors: Model) -> None:
    implementation = paragraph_vectors.implementation
    assert isinstance(implementation, Embeds)
    texts = ["topic1word1 common2", "neverseen", "topic3word5 topic3word6 common1", "topic1word1 common2"]
    together = implementation.encode(texts)
    np.testing.assert_array_equal(implementation.encode(texts[::-1]), together[::-1])
    np.testing.assert_array_equal(together[0], together[3])
    assert not together[1].any()
    assert not np.array_equal(together[0], together[2])


def test_doc2vec_is_known_by_settings_and_seed(store: Store, paragraph_vectors: Model) -> None:
    first, second = (doc2vec(store, replace(SMALL, epochs=1, seed=seed)) for seed in (0, 1))
    assert first.content_hash != second.content_hash
    assert first.method == second.method != paragraph_vectors.method
    assert (first.seed, second.seed) == (0, 1)


def test_doc2vec_is_measured_like_any_model(paragraph_vectors: Model) -> None:
    task = Retrieval(
        "unknown words", ["never", "seen"], ["here", "nor", "there", "either"], [{0: 1.0}, {1: 1.0}]
    )
    found = {result.metric: result.value for result in evaluate(paragraph_vectors, [task]).results}
    assert found["R@1"] == pytest.approx(1 / 4), "no word is known: chance"
