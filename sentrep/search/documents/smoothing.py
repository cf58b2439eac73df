"""Smoothing: a passage that resembles passages with high scores gets a higher score itself.

    s'(d) = 0.7 s(d) + 0.3 Σ_n w(n) s(n),   w(n) = cos(d, n)² / Σ cos²

over the ten candidates n nearest to d. It helps where many passages answer a query, and costs where one does.

Reference: Kurland & Lee, "Corpus structure, language models, and ad hoc information retrieval", SIGIR 2004,
section 3; Diaz, "Regularizing ad hoc retrieval scores", CIKM 2005.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sentrep.search.fusion import Scores

NEIGHBOURS = 10
SHARE = 0.3
"""Share of the neighbours in a score."""
SMOOTHED = 200
"""Best candidates whose scores are smoothed."""
TOGETHER = 256
"""Candidates that are compared with all others at once."""


def smoothed(
    scores: Scores,
    vectors: NDArray[np.float32],
    places: NDArray[np.int64],
    neighbours: int = NEIGHBOURS,
    share: float = SHARE,
) -> Scores:
    """Scores of candidates; those at `places` take in the scores of their nearest candidates.

    A candidate without a neighbour of positive cosine keeps its score.

    Args:
        scores: (candidate,)
        vectors: (candidate, width) of length 1.
        places: of the candidates that are smoothed.
        neighbours: of a candidate.
        share: of the neighbours in a score.

    >>> east, north = [1.0, 0.0], [0.0, 1.0]
    >>> vectors = np.array([east, east, north], np.float32)
    >>> smoothed(np.array([1.0, 0.0, 0.5], np.float32), vectors, np.arange(3)).astype(float).round(2).tolist()
    [0.7, 0.3, 0.5]
    """
    count = min(neighbours, len(scores) - 1)
    if count < 1:
        return scores
    changed = scores.copy()
    for some in np.split(places, range(TOGETHER, len(places), TOGETHER)):
        cosines = vectors[some] @ vectors.T
        cosines[np.arange(len(some)), some] = -1.0  # no candidate is its own neighbour
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, :count]
        weights = np.take_along_axis(cosines, nearest, axis=1).clip(min=0) ** 2
        total = weights.sum(axis=1)
        means = (weights * scores[nearest]).sum(axis=1) / np.where(total > 0, total, 1)
        changed[some] = np.where(total > 0, (1 - share) * scores[some] + share * means, scores[some])
    return changed
