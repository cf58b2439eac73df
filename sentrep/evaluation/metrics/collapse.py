"""Has a model stopped telling texts apart? Said aloud, since a table of numbers near chance does not say
why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE = 1024
"""Vectors of one call whose directions are looked at; whether they are numbers is asked of all."""

FEW = 8
"""Fewer vectors fill too little space to tell a collapse from a small task."""


def collapse(vectors: NDArray[np.float32]) -> str:
    """What is wrong with vectors (text, width) of different texts, in words; empty if nothing is."""
    import torch

    from sentrep.modules.spectrum import spectrum

    if vectors.ndim != 2:
        return ""
    broken = int((~np.isfinite(vectors).all(axis=1)).sum())
    if broken:
        return f"{broken} of {len(vectors)} vectors hold something that is not a number"
    vectors = vectors[:SAMPLE]
    if len(vectors) < FEW or vectors.shape[1] < 3:
        return ""
    if not vectors.any():
        return "all vectors are zero"
    found = spectrum(torch.from_numpy(np.ascontiguousarray(vectors, dtype=np.float32)))
    if found["mean_cosine"] > 0.99:
        return f"all vectors point the same way (mean cosine {found['mean_cosine']:.3f})"
    if found["effective_rank"] < 2:
        return f"all vectors lie on one line (effective rank {found['effective_rank']:.1f})"
    return ""
