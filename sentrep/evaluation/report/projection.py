"""Projection of vectors to two dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def on_a_plane(vectors: NDArray[np.float32], seed: int = 0) -> NDArray[np.float32]:
    """(vector, 2): t-SNE of cosines (van der Maaten & Hinton 2008); of fewer than ten vectors their two
    principal components."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if len(vectors) < 10:  # too few for neighbourhoods to mean anything
        return np.asarray(PCA(2).fit_transform(vectors), dtype=np.float32)
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    plane = TSNE(metric="cosine", init="random", perplexity=perplexity, random_state=seed).fit_transform(
        vectors
    )
    return np.asarray(plane, dtype=np.float32)


def places_on_map(vectors: NDArray[np.float32], seed: int = 0) -> NDArray[np.int64]:
    """Where texts lie on the map, (text, 2), 0 to 1000."""
    places = on_a_plane(vectors, seed)
    low, high = places.min(axis=0), places.max(axis=0)
    scaled: NDArray[np.int64] = np.rint(1000 * (places - low) / np.maximum(high - low, 1e-9)).astype(np.int64)
    return scaled
