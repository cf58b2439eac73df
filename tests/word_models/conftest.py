"""A corpus of twelve topics, and what is fitted to it."""

from __future__ import annotations

import pytest
from sentence_transformers import SentenceTransformer

from sentrep.evaluation import Model
from sentrep.text.config import CorpusConfig, TokenizerConfig
from sentrep.text.store import Store, prepare
from sentrep.word_models.config import WordModelName
from sentrep.word_models.fit import WORD_MODELS, doc2vec, fit
from tests import toy
from tests.word_models.word_toy import SMALL


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Documents of twelve topics, half of their words common to all."""
    place = tmp_path_factory.mktemp("words")
    return prepare(
        CorpusConfig((str(toy.write_corpus(place / "toy.jsonl")),)), TokenizerConfig("word", vocab=1000), place / "cache"
    )


@pytest.fixture(scope="session")
def fitted(store: Store) -> dict[WordModelName, SentenceTransformer]:
    return {name: fit(name, store, SMALL) for name in WORD_MODELS}


@pytest.fixture(scope="session")
def paragraph_vectors(store: Store) -> Model:
    return doc2vec(store, SMALL)
