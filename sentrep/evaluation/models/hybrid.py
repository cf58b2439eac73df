"""A dense and a lexical model in one ranking, fused as the search index fuses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model
from sentrep.evaluation.vectors import rows
from sentrep.search.fusion import DENSE_WEIGHT, best, fuse
from sentrep.utils.capabilities import Scores

CANDIDATES = 1000
"""Documents of each model that enter the fusion; the others rank below them."""


def hybrid(dense: Model, lexical: Model, dense_weight: float = DENSE_WEIGHT) -> Model:
    """Min-max fusion of two models.

    Args:
        dense: a model that embeds.
        lexical: a model that ranks, such as BM25; its scores are 0 where no term matches.
        dense_weight: share of the dense scores.
    """
    return Model(
        f"{dense.name} + {lexical.name}",
        fingerprint(["hybrid", dense.content_hash, lexical.content_hash, str(dense_weight)]),
        Hybrid(dense, lexical, dense_weight),
        f"{dense.method or dense.name} + {lexical.method or lexical.name}",
        dense.seed,
    )


class Hybrid:
    """Ranks by the weighted mean of min-max scaled scores over the best candidates of both models."""

    def __init__(self, dense: Model, lexical: Model, dense_weight: float) -> None:
        self.dense, self.lexical, self.dense_weight = dense, lexical, dense_weight

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """One row of scores (document,) for each query; -1 for documents that are no candidates."""
        both = (rows(model.implementation, documents, queries) for model in (self.dense, self.lexical))
        for dense, lexical in zip(*both, strict=True):
            yield _fused(
                np.nan_to_num(dense).astype(np.float32),
                np.nan_to_num(lexical).astype(np.float32),
                self.dense_weight,
            )


def _fused(dense: Scores, lexical: Scores, dense_weight: float) -> Scores:
    matching = np.flatnonzero(lexical > 0)
    words = matching[best(lexical[matching], CANDIDATES)]
    candidates = np.union1d(best(dense, CANDIDATES), words)
    scores = np.full(len(dense), -1.0)
    known = dense[candidates].any()
    scores[candidates] = fuse(dense[candidates], lexical[candidates], dense_weight if known else 0.0)
    return scores
