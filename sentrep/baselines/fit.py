"""Baselines that are fitted to a corpus, as a comparison for trained encoders.

Nearly every classic baseline is a linear bag of words, the mean of one row for each token: untrained
vectors, with and without frequency weights, the hashing trick, averages of word2vec and fastText
vectors, SIF, LSA and NMF. Each becomes an encoder of stock modules, which is saved, opened, searched with
and measured like any other. The tokens are those of the prepared corpus; the authors used words
(tokenizer 'word').
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.collection import SECTION, collection_table
from sentrep.baselines.config import WORD_MODELS, WordModelConfig, check_name
from sentrep.baselines.doc2vec import doc2vec
from sentrep.baselines.lsa import PASSAGE, lsa
from sentrep.baselines.nmf import nmf
from sentrep.baselines.passages import Passages, words
from sentrep.baselines.word2vec import word_vectors
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import Store

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder

__all__ = ["WORD_MODELS", "WordModelConfig", "doc2vec", "fit"]

Rows = NDArray[np.float32]
"""(vocab, width), a row for each token."""


def fit(name: str, store: Store, config: WordModelConfig | None = None) -> Encoder:
    """Fits a baseline to a prepared corpus.

    Args:
        name: 'untrained' (random rows), 'untrained-weighted' (the same with weights a/(a+p(w))), 'hashing',
            'word2vec' and 'fasttext' (averages), 'sif' and 'sif-fasttext' (the same, weighted, without their
            common direction), 'lsa', 'nmf' (non-negative parts), 'collection' (PPMI beside LSA of one
            collection, for search in it).
        store: of `sentrep.data.store.store.prepare`.
        config: settings; the defaults if None.

    Raises:
        InputError: there is no such baseline, or the corpus has too little text for these settings.
    """
    check_name(name)
    config = config or WordModelConfig()
    if name.startswith("untrained"):
        return _bag(store, config, config.frequency if name == "untrained-weighted" else 0.0)
    if name == "hashing":
        rows = hashed(store, config.width)
    elif name == "collection":
        rows = collection_table(Passages(store, config.passage or SECTION), config.seed)
    elif name == "nmf":
        rows = nmf(Passages(store, config.passage or PASSAGE), config.width, config.seed)
    elif name == "lsa":
        rows = lsa(Passages(store, config.passage or PASSAGE), config.width, config.seed)
    else:
        passages = Passages(store)
        rows = word_vectors("fasttext" if name.endswith("fasttext") else "word2vec", passages, config)
        if name.startswith("sif"):
            rows = without_common_direction(passages, weights(store, config.frequency) * rows)
    return _bag(store, config, 0.0, rows)


def hashed(store: Store, width: int) -> Rows:
    """Returns rows with ±1 in one coordinate; sign and coordinate are hashes of the token.

    The table covers only the tokens of the vocabulary, which the hashing trick itself does not need. In
    return, it is saved and used like the other baselines, and a subword vocabulary covers every word.

    Reference:
        "Feature hashing for large scale multitask learning", Weinberger et al., ICML 2009, section 2.
    """
    from sklearn.feature_extraction import FeatureHasher

    tokens = ([] if token is None else [token] for token in words(store))
    return np.asarray(FeatureHasher(width, input_type="string", dtype=np.float32).transform(tokens).toarray())


def without_common_direction(passages: Passages, rows: Rows) -> Rows:
    """Returns rows whose means have no component along the first principal direction of the corpus'
    sentences.

    The paper uses the direction of the sentences that are compared. Here it is that of the training
    corpus, so that the vector of a sentence does not depend on other sentences; as a fixed projection
    it is applied to the rows.

    Reference:
        "A simple but tough-to-beat baseline for sentence embeddings", Arora et al., ICLR 2017, algorithm
        1.
    """
    products = np.zeros((rows.shape[1],) * 2)
    for bag in passages.bags():
        means = bag @ rows / np.maximum(bag.sum(axis=1), 1)[:, None]
        products += means.T @ means
    direction = np.linalg.eigh(products)[1][:, -1].astype(np.float32)
    return rows - np.outer(rows @ direction, direction)


def weights(store: Store, frequency: float) -> NDArray[np.float32]:
    """Returns (vocab, 1), a/(a+p(w))."""
    import torch

    from sentrep.encoders.bag import frequency_weights

    return frequency_weights(torch.from_numpy(store.token_counts()), frequency).numpy()[:, None]


def _bag(store: Store, config: WordModelConfig, frequency: float, rows: Rows | None = None) -> Encoder:
    """Returns the untrained bag of `sentrep train`, or the same with other rows."""
    import torch

    from sentrep.encoders import serialization as folder
    from sentrep.encoders.config import EncoderConfig
    from sentrep.encoders.factory import build
    from sentrep.modules.random_state import seeded

    width = config.width if rows is None else rows.shape[1]
    shape = EncoderConfig("bag", width=width, frequency=frequency)
    with seeded(config.seed):
        encoder = build(
            shape, store.tokenizer.inner, store.token_counts(), max_tokens=TokenizerConfig().max_tokens
        )
    if rows is not None:
        encoder[0].embedding.weight.data = torch.from_numpy(rows)  # special tokens keep their weight 0
    return folder.stock(encoder)
