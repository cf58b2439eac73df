"""Rows fitted to the corpus that the training of a bag begins with. They are fitted once and kept beside the
prepared corpora."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.ngrams import ppmi_ngram_rows
from sentrep.baselines.passages import Passages
from sentrep.baselines.ppmi import ppmi_rows
from sentrep.baselines.word2vec import gensim_models, word_vectors
from sentrep.data.store.store import Store
from sentrep.encoders.config import EncoderConfig
from sentrep.utils.arrays import mapped
from sentrep.utils.errors import InputError
from sentrep.utils.files import disk_errors, whole

VERSION = 2
"""Raised with every change that gives other rows."""
FASTTEXT_TOKENS, FASTTEXT_EPOCHS = 20_000_000, 5
"""Tokens that fastText reads at least, in at most so many passes; one pass over a larger corpus."""


def warm_rows(store: Store, encoder: EncoderConfig, seed: int, cache: Path) -> NDArray[np.float32]:
    """(vocab, width) rows of length 1; zeros for tokens of which nothing is known.

    Args:
        store: the prepared corpus.
        encoder: with `warm_start` other than 'none'.
        seed: of all that is drawn at random.
        cache: folder of prepared corpora. Rows of the same corpus, settings and seed are found there again.
    """
    settings = [VERSION, store.fingerprint, encoder.warm_start, encoder.width, seed]
    name = hashlib.blake2b(json.dumps(settings).encode(), digest_size=16).hexdigest()
    file = cache / "rows" / f"{name}.npy"
    shape = (store.tokenizer.vocab_size, encoder.width)
    if (found := _found(file, shape)) is not None:
        return found
    rows = FITTED[encoder.warm_start](store, encoder.width, seed)
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as out:
            np.save(out, rows, allow_pickle=False)
    return rows


def check_installed(encoder: EncoderConfig) -> None:
    """Nothing, where the rows that training begins with can be fitted.

    Raises:
        InputError: the library that fits them is not installed; the message says how to install it.
    """
    if encoder.warm_start == "fasttext":
        gensim_models()


def _found(file: Path, shape: tuple[int, int]) -> NDArray[np.float32] | None:
    """The rows in a file; None if there is none, or if it is damaged."""
    try:
        return np.array(mapped(file, shape, "float32"))
    except InputError:
        return None


def fasttext_rows(store: Store, width: int, seed: int) -> NDArray[np.float32]:
    """(vocab, width) rows of length 1 for all tokens that are words: whitened vectors of a skip-gram fastText
    model, rare tokens from their character n-grams; zeros for special tokens.

    Args:
        store: the prepared corpus.
        width: of the rows.
        seed: of all that is drawn at random.

    Raises:
        InputError: gensim is not installed, or no token occurs often enough.
    """
    passages = Passages(store)
    epochs = int(np.clip(FASTTEXT_TOKENS / max(store.token_counts().sum(), 1), 1, FASTTEXT_EPOCHS))
    return word_vectors("fasttext", passages, WordModelConfig(width, epochs=epochs, whiten=True, seed=seed))


FITTED = {"ppmi": ppmi_rows, "ppmi-ngrams": ppmi_ngram_rows, "fasttext": fasttext_rows}
"""Values of `warm_start` -> (store, width, seed) -> rows."""
