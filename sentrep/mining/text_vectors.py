"""Vectors of texts without a model: latent semantic analysis of the texts themselves.

Reference: Deerwester et al., "Indexing by latent semantic analysis", 1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from sentrep.mining.anomaly_scores import word_counts
from sentrep.mining.order import order_of
from sentrep.mining.vectors import Vectors

WIDTH = 100


def lsa_vectors(*parts: Sequence[str], seed: int = 0) -> list[Vectors]:
    """Vectors (text, width) of several lists of texts in one space: SVD of log-weighted counts.

    A text without words has the vector 0.

    >>> [vectors.shape for vectors in lsa_vectors(["a red dog", "a dog"], ["a cat"])]
    [(2, 2), (1, 2)]
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfTransformer

    counts = vstack([word_counts(part) for part in parts]).tocsr()
    if not counts.shape[0]:
        return [np.zeros((0, 1), np.float32) for _ in parts]
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts)
    used = np.unique(weighted.indices)
    width = min(WIDTH, counts.shape[0] - 1, len(used) - 1)
    if width < 1:
        vectors = np.ones((counts.shape[0], 1), np.float32)
    else:
        with np.errstate(all="ignore"):  # all texts are equal: no variance to explain
            made = TruncatedSVD(width, random_state=seed).fit_transform(weighted[:, used])
        vectors = made.astype(np.float32)
    ends = np.cumsum([len(part) for part in parts])
    return [vectors[end - len(part) : end] for part, end in zip(parts, ends.tolist(), strict=True)]


@dataclass(frozen=True)
class LsaSpace:
    """A space of latent semantic analysis, in which new texts get vectors that do not change those of others.

    Attributes:
        columns: (column,) the hashed words that the texts have.
        weights: (column,) inverse document frequencies.
        basis: (width, column) the directions.
    """

    columns: NDArray[np.int64]
    weights: NDArray[np.float32]
    basis: NDArray[np.float32]

    @classmethod
    def of(cls, texts: Sequence[str], seed: int = 0) -> LsaSpace:
        """The space of some texts, whatever their order."""
        from sklearn.decomposition import TruncatedSVD
        from sklearn.feature_extraction.text import TfidfTransformer

        counts = word_counts(texts)[order_of(texts)]
        columns = np.unique(counts.indices).astype(np.int64)
        width = min(WIDTH, counts.shape[0] - 1, len(columns) - 1)
        if width < 1:
            return cls(columns, np.ones(len(columns), np.float32), np.zeros((0, len(columns)), np.float32))
        weighting = TfidfTransformer(sublinear_tf=True).fit(counts[:, columns])
        with np.errstate(all="ignore"):  # all texts are equal: no variance to explain
            found = TruncatedSVD(width, random_state=seed).fit(weighting.transform(counts[:, columns]))
        return cls(columns, weighting.idf_.astype(np.float32), found.components_.astype(np.float32))

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Vectors (text, width) of texts; a text without known words has the vector 0.

        >>> space = LsaSpace.of(["a red dog", "a dog", "a cat"])
        >>> space(["a dog", "unknown"]).shape, float(abs(space(["unknown"])).sum())
        ((2, 2), 0.0)
        """
        if not len(self.basis):
            return np.ones((len(texts), 1), np.float32)
        counts = word_counts(texts)[:, self.columns].astype(np.float32)
        found: Vectors = self._weighted(counts) @ self.basis.T
        return found.astype(np.float32)

    def _weighted(self, counts: csr_matrix) -> csr_matrix:
        """Logarithmic counts times inverse document frequencies, at length 1."""
        from sklearn.preprocessing import normalize

        counts.data = 1 + np.log(counts.data)
        return normalize(counts.multiply(self.weights).tocsr())
