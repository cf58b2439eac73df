"""Vectors of texts without a model: latent semantic analysis of the texts themselves.

Reference: Deerwester et al., "Indexing by latent semantic analysis", 1990.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sentrep.mining.anomaly_scores import word_counts
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

    texts = [text for part in parts for text in part]
    if not texts:
        return [np.zeros((0, 1), np.float32) for _ in parts]
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(word_counts(texts))
    used = np.unique(weighted.indices)
    width = min(WIDTH, len(texts) - 1, len(used) - 1)
    if width < 1:
        vectors = np.ones((len(texts), 1), np.float32)
    else:
        made = TruncatedSVD(width, random_state=seed).fit_transform(weighted[:, used])
        vectors = made.astype(np.float32)
    ends = np.cumsum([len(part) for part in parts])
    return [vectors[end - len(part) : end] for part, end in zip(parts, ends.tolist(), strict=True)]
