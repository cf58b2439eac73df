"""Ranks of all queries of a small problem at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.metrics.ranking import RelevantRanks, tie_groups


def rank_all(
    scores: NDArray[np.floating[Any]], relevant: Sequence[Mapping[int, float]], tolerance: float = 0.0
) -> RelevantRanks:
    """Returns the ranks of relevant documents.

    Args:
        scores: (query, document).
        relevant: for each query {document: gain}.
        tolerance: differences of scores up to it are ties.
    """
    judged = [np.array(list(each.values()), dtype=np.float64) for each in relevant]
    pairs = zip(scores, relevant, judged, strict=True)
    return RelevantRanks.of(
        [tie_groups(row, row[list(each)], gains, tolerance) for row, each, gains in pairs], judged
    )
