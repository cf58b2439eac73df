"""Non-negative matrix factorisation: a passage as a sum of parts, each a list of words.

With X the (passage, vocab) counts, W ≥ 0 and H ≥ 0 minimise the generalised Kullback-Leibler divergence of X
from W H by multiplicative updates, a block of passages at a time (scikit-learn's MiniBatchNMF). A row of H is
a part. As a bag, the row of token w is idf_w times column w of H, with each part scaled to length 1, so that
the vector of a text says how much of each part is in it.

Reference:
    Lee & Seung, "Algorithms for non-negative matrix factorization", NIPS 2000, equation 5; Lefèvre et al.,
    "Online algorithms for nonnegative matrix factorization with the Itakura-Saito divergence", 2011.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.lsa import inverse_document_frequency
from sentrep.baselines.passages import Passages
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

EPOCHS = 5
"""Passes over the corpus."""
BLOCK = 1024
"""Passages in one update."""


def nmf(passages: Passages, width: int, seed: int, epochs: int = EPOCHS) -> NDArray[np.float32]:
    """Returns (vocab, width), idf times the parts as columns; zeros for tokens that are no words.

    Args:
        passages: the corpus.
        width: number of parts.
        seed: of the initial parts.
        epochs: passes over the corpus.

    Raises:
        InputError: there are fewer passages or words than parts.
    """
    from sklearn.decomposition import MiniBatchNMF

    vocab = int(passages.known.sum())
    if width > min(vocab, len(passages)):
        raise InputError(
            f"{opt('width')} {width}: NMF has no more parts than words ({vocab}) or passages "
            f"({len(passages)}); lower {opt('width')}, or give more text"
        )
    model = MiniBatchNMF(
        width, init="random", beta_loss="kullback-leibler", batch_size=BLOCK, random_state=seed
    )
    for _ in progress(range(epochs), "NMF", unit="reading"):
        for bag in passages.bags():
            for start in range(0, bag.shape[0], BLOCK):
                block = bag[start : start + BLOCK]
                block = block[np.diff(block.indptr) > 0]  # a row of zeros has no divergence to minimise
                if block.shape[0]:
                    model.partial_fit(block)
    parts = model.components_ * passages.known
    parts = parts / np.maximum(np.linalg.norm(parts, axis=1, keepdims=True), 1e-12)
    weighted = parts.T * inverse_document_frequency(passages)[:, None]
    return np.ascontiguousarray(weighted, dtype=np.float32)


def strongest_words(encoder: SentenceTransformer, count: int = 10) -> list[list[str]]:
    """The words with the largest entries in each dimension of a bag: of 'nmf', the words of each part.

    Args:
        encoder: a bag of one token table.
        count: words of each dimension.
    """
    table = encoder[0].embedding.weight.detach().numpy()
    inner = encoder[0].tokenizer
    best = np.argsort(-table, axis=0, kind="stable")[:count]
    return [[str(inner.id_to_token(int(token))) for token in column] for column in best.T]
