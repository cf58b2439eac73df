"""Detection of collapsed vectors, so that a table of scores near chance has an explanation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SAMPLE = 1024
"""Number of vectors of one call whose directions are compared; all are checked for NaN."""

FEW = 8
"""With fewer vectors, a collapse cannot be distinguished from a small task."""


def collapse(vectors: NDArray[np.float32]) -> str:
    """Describe a collapse of the vectors (text, width) of different texts; empty if there is none."""
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
