"""Word vectors from gensim: word2vec (Mikolov et al. 2013) and fastText (Bojanowski et al. 2017), both as
skip-grams.

They are trained on the words of the prepared corpus as its tokenizer cuts them: rows are numbered by
token id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.config import WordModelConfig
from sentrep.baselines.passages import Passages
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import progress

EPOCHS = 5
BUCKETS = 200_000
"""Rows that fastText's n-grams share by hashing. Its default, two million, takes 2.4 GB at a width of 300
and is made for much larger vocabularies."""
LAST_RATE = 0.0001
"""Final learning rate, as in word2vec."""
TIME_PARTS = 8
"""Parts of a time limit; the speed is measured after each part."""


def word_vectors(
    kind: Literal["word2vec", "fasttext"], passages: Passages, config: WordModelConfig
) -> NDArray[np.float32]:
    """Returns (vocab, width), a row for each token; zeros for words that were not learned.

    word2vec learns words that occur `min_count` times or more. fastText composes rarer words from their
    n-grams, but only tokens of the vocabulary: a word outside of it has no row here, although its
    n-grams would give it one.
    """
    models, settings = gensim_models(), {"sg": 1, **shared(config, window=5, sample=1e-4)}
    with quiet():
        model = (
            models.Word2Vec(**settings) if kind == "word2vec" else models.FastText(**settings, bucket=BUCKETS)
        )
        model.build_vocab_from_freq(frequencies(passages, config))
        train(
            model,
            (words for _, words in passages.shuffled(config.seed)),
            len(passages) * (config.epochs or EPOCHS),
            config,
        )
    rows = np.zeros((len(passages.tokens), config.width), dtype=np.float32)
    for token in np.flatnonzero(passages.known):
        word = passages.tokens[token]
        if kind == "fasttext" or word in model.wv.key_to_index:
            rows[token] = model.wv.get_vector(word)
    return whitened(rows) if config.whiten else rows


def whitened(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns rows of length 1 after the covariance of all rows was made the identity; zero rows stay
    zero."""
    learnt = rows.any(axis=1)
    centred = rows[learnt] - rows[learnt].mean(axis=0, dtype=np.float64)
    variances, axes = np.linalg.eigh(centred.T @ centred)
    even = centred @ (axes / np.sqrt(np.maximum(variances, 1e-6 * variances[-1])))
    white = np.zeros_like(rows)
    white[learnt] = even / np.linalg.norm(even, axis=1, keepdims=True)
    return white


def gensim_models() -> Any:
    """Returns the library's module.

    Raises:
        InputError: it is not installed; the message says how to install it.
    """
    try:
        from gensim import models
    except ImportError as error:
        raise InputError("word2vec, fastText and Doc2Vec need gensim: pip install 'gensim>=4.4'") from error
    return models


def shared(config: WordModelConfig, window: int, sample: float) -> dict[str, Any]:
    """Returns the settings that gensim's models have in common."""
    return {
        "vector_size": config.width,
        "window": config.window or window,
        "sample": sample if config.sample is None else config.sample,
        "negative": config.negative,
        "min_count": config.min_count,
        "workers": config.threads,
        "seed": config.seed,
    }


def frequencies(passages: Passages, config: WordModelConfig) -> dict[str, int]:
    """Returns the number of occurrences of each word.

    Raises:
        InputError: no word occurs often enough; gensim's own error does not say what to change.
    """
    counts = passages.counted()
    if max(counts.values()) < config.min_count:
        raise InputError(
            f"{opt('min_count')} {config.min_count}: no word of the corpus occurs as often; lower "
            "it or give more text"
        )
    return counts


def train(model: Any, texts: Iterator[Any], count: int, config: WordModelConfig) -> None:
    """Trains a gensim model on the next `count` texts, or until the time is up, with a linearly falling
    learning rate.

    gensim's own passes over a corpus keep its order; here they are one pass over an endless stream,
    which is shuffled anew in each pass.
    """
    name = type(model).__name__
    if config.minutes is None:
        model.train(
            progress(islice(texts, count), name, count, "text"),
            total_examples=count,
            epochs=1,
            **_rates(config, 0, 1),
        )
        return
    began, seconds, a_second = time.monotonic(), 60 * config.minutes, 1e3
    for part in progress(range(1, TIME_PARTS + 1), name, unit="part"):
        start, end = time.monotonic(), began + seconds * part / TIME_PARTS
        stream, expected = _Until(end, texts), max(1, int(a_second * (end - start)))
        model.train(
            stream,
            total_examples=expected,
            epochs=1,
            **_rates(config, (start - began) / seconds, part / TIME_PARTS),
        )
        a_second = stream.given / (time.monotonic() - start)


def _rates(config: WordModelConfig, done: float, then: float) -> dict[str, float]:
    """Returns the learning rates at two shares of the work."""
    begin, end = ((1 - share) * config.lr + share * LAST_RATE for share in (min(done, 1.0), then))
    return {"start_alpha": begin, "end_alpha": end}


class _Until:
    """The texts until a time is up, at least one, since gensim raises an error for an empty stream."""

    def __init__(self, end: float, texts: Iterator[Any]) -> None:
        self.end, self.texts, self.given = end, texts, 0

    def __iter__(self) -> Iterator[Any]:
        for text in self.texts:
            self.given += 1
            yield text
            if time.monotonic() >= self.end:
                return


@contextmanager
def quiet() -> Iterator[None]:
    """Silences gensim's warnings about streams that were not counted or read in part, which are intended
    here."""
    log = logging.getLogger("gensim")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
