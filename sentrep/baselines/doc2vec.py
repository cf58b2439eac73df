"""Doc2Vec: the vector of a text is learned by gradient descent, so that it predicts the words of the text.

PV-DBOW with word vectors trained at the same time, the best variant for similarity in Lau and Baldwin
(2016, sections 3 and 4). A vector is the result of many gradient steps instead of a sum of rows, so
this is no encoder: it is held in memory and measured, but neither saved nor used for search.

Reference:
    "Distributed representations of sentences and documents", Le & Mikolov, ICML 2014.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from itertools import islice
from typing import Any

import numpy as np

from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.passages import Passages
from sentrep.baselines.word2vec import LAST_RATE, frequencies, gensim_models, quiet, shared, train
from sentrep.data.store.store import Store
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model
from sentrep.utils.capabilities import Vectors
from sentrep.utils.progress import progress

PASSAGE, EPOCHS = 4, 20


def doc2vec(store: Store, config: WordModelConfig | None = None) -> Model:
    """Fits Doc2Vec to a prepared corpus.

    With one thread the same corpus and settings give the same model.

    Raises:
        InputError: no word occurs `min_count` times.
    """
    models, config = gensim_models(), config or WordModelConfig()
    passages = Passages(store, config.passage or PASSAGE)
    frequencies(passages, config)
    with quiet():
        model = models.Doc2Vec(dm=0, dbow_words=1, **shared(config, window=15, sample=1e-5))
        documents = (
            models.doc2vec.TaggedDocument(words, [number]) for number, words in passages.shuffled(config.seed)
        )
        model.build_vocab(progress(islice(documents, len(passages)), "counting", len(passages), "text"))
        train(model, documents, len(passages) * (config.epochs or EPOCHS), config)
    learnt = [model.syn1neg.tobytes(), *model.wv.index_to_key, model.wv.expandos["sample_int"].tobytes()]
    settings = fingerprint(map(str, asdict(replace(config, seed=0)).values()))
    return Model(
        "doc2vec",
        fingerprint(["doc2vec", version("gensim"), store.tokenizer.fingerprint, settings, *learnt]),
        DocumentVectors(model, passages, config),
        f"doc2vec (settings {settings[:6]})",
        config.seed,
    )


class DocumentVectors:
    """Infers vectors of new texts. Each text has its own random numbers, so its vector does not depend on
    other texts."""

    def __init__(self, model: Any, passages: Passages, config: WordModelConfig) -> None:
        self.model, self.passages, self.config = model, passages, config

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Returns (text, width) in float32; zeros for a text without known words."""
        vectors = np.zeros((len(texts), self.config.width), dtype=np.float32)
        for row, text in zip(vectors, progress(texts, "inferring", len(texts), "text"), strict=True):
            tokens = self.passages.tokens[self.passages.store.tokenizer.encode(text)]
            words = [token for token in tokens if token in self.model.wv.key_to_index]
            if words:
                row[:] = self._inferred(words)
        return vectors

    def _inferred(self, words: list[str]) -> Vectors:
        """gensim's `infer_vector` with a seed made from the words. The original takes its seed from Python's
        hash, which differs in every process, and its random numbers depend on the texts before."""
        step = gensim_models().doc2vec.train_document_dbow
        digest = hashlib.sha256(
            "\n".join([str(self.config.seed), *words]).encode("utf-8", "surrogatepass")
        ).digest()
        self.model.random = np.random.RandomState(int.from_bytes(digest[:4]))
        drawn = self.model.random.random_sample((1, self.config.width))
        vector: Vectors = ((drawn - 0.5) / self.config.width).astype(np.float32)
        free = np.ones(1, dtype=np.float32)
        # gensim's default for `work` is memory that was freed before it is used.
        work = np.zeros(self.config.width, dtype=np.float32)
        learns = {
            "learn_words": False,
            "learn_hidden": False,
            "doctag_vectors": vector,
            "doctags_lockf": free,
        }
        for rate in np.linspace(self.config.lr, LAST_RATE, self.config.inference):
            step(self.model, words, [0], rate, work, **learns)
        found: Vectors = vector[0]
        return found
