"""Latent semantic analysis: tf-idf, then the directions of largest singular value.

With X the (passage, vocab) matrix of tf-idf rows of length 1 and V its first right singular vectors,
the vector of a text with counts n_w is x V, which up to its length is Σ_w n_w idf_w V_w. So LSA is a
bag with the rows idf_w V_w. V is computed by subspace iteration on XᵀX (Halko et al. 2011, section
4.5), which reads X block by block: as fast as scikit-learn's TruncatedSVD, and without holding X or a
matrix of (passage × width), so that memory does not grow with the corpus.

Reference:
    "Indexing by latent semantic analysis", Deerwester et al., JASIS 1990.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sentrep.baselines.passages import Passages
from sentrep.utils.errors import InputError, opt
from sentrep.utils.progress import progress

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PASSAGE = 16
POWER = 2.0
"""Exponent of idf = ln((1 + passages) / (1 + passages with the word)). Plain idf gives frequent words a
large weight: on the development sets of STS-B and SICK-R, Spearman is 46 and 47 with the square, 37 and
43 with plain idf, 30 and 38 with scikit-learn's, which adds 1 (width 200, 300,000 sentences of prose)."""
ITERATIONS = 6
"""Subspace iterations, each a pass over the corpus. TruncatedSVD of scikit-learn makes six passes, too."""
OVERSAMPLES = 10
"""Additional directions that are dropped at the end; they improve the convergence of the last ones that
are kept."""


def lsa(
    passages: Passages, width: int, seed: int, power: float = POWER, iterations: int = ITERATIONS
) -> NDArray[np.float32]:
    """Returns (vocab, width): the weight of each token times its row of V; zeros for tokens that are no
    words."""
    vocab = int(passages.known.sum())
    if width > min(vocab, len(passages)):
        raise InputError(
            f"{opt('width')} {width}: LSA has no more directions than words ({vocab}) or passages "
            f"({len(passages)}); "
            f"lower {opt('width')} or {opt('passage')}, or give more text"
        )
    idf = inverse_document_frequency(passages) ** power
    directions = np.random.default_rng(seed).standard_normal(
        (len(idf), min(vocab, width + OVERSAMPLES)), dtype=np.float32
    )
    directions *= passages.known[:, None]
    for _ in progress(range(iterations), "LSA", unit="reading"):
        basis, _ = np.linalg.qr(directions)
        directions = sum((x.T @ (x @ basis) for x in weighted(passages, idf)), np.zeros_like(basis))
    values, turn = np.linalg.eigh(basis.T.astype(np.float64) @ directions)
    largest = turn[:, ::-1][:, :width] * (values[::-1][:width] > 1e-6 * values[-1])
    return np.asarray((idf * passages.known)[:, None] * (basis @ largest), dtype=np.float32)


def inverse_document_frequency(passages: Passages) -> NDArray[np.float32]:
    """(vocab)."""
    holding = sum((np.bincount(bag.indices, minlength=bag.shape[1]) for bag in passages.bags()), np.zeros(1))
    return np.log((1 + len(passages)) / (1 + holding)).astype(np.float32)


def weighted(passages: Passages, idf: NDArray[np.float32]) -> Iterator[csr_array]:
    """Yields blocks of X with rows of length 1."""
    for bag in passages.bags():
        bag.data *= idf[bag.indices]
        lengths = np.sqrt(bag.multiply(bag).sum(axis=1))
        bag.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(bag.indptr))
        yield bag
