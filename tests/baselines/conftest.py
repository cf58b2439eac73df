"""A corpus of twelve topics, and what is fitted to it."""

from __future__ import annotations

import pytest
from sentence_transformers import SentenceTransformer

from sentrep.baselines.config import WordModelName
from sentrep.baselines.fit import WORD_MODELS, doc2vec, fit
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.evaluation import Model
from tests import toy
from tests.baselines.word_toy import SMALL


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Documents of twelve topics, half of their words common to all."""
    place = tmp_path_factory.mktemp("words")
    return prepare(
        CorpusConfig((str(toy.write_corpus(place / "toy.jsonl")),)),
        TokenizerConfig("word", vocab=1000),
        place / "cache",
    )


@pytest.fixture(scope="session")
def fitted(store: Store) -> dict[WordModelName, SentenceTransformer]:
    return {name: fit(name, store, SMALL) for name in WORD_MODELS}


@pytest.fixture(scope="session")
def paragraph_vectors(store: Store) -> Model:
    return doc2vec(store, SMALL)
