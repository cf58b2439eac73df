"""A dense and a lexical model in one ranking, fused as the search index fuses them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model
from sentrep.evaluation.vectors import rows
from sentrep.search.documents.query import CANDIDATES
from sentrep.search.fusion import USUAL, Fusion, best, fuse
from sentrep.utils.capabilities import Scores


def hybrid(dense: Model, lexical: Model, fusion: Fusion = USUAL) -> Model:
    """Fusion of two models.

    Args:
        dense: a model that embeds.
        lexical: a model that ranks, such as BM25; its scores are 0 where no term matches.
        fusion: how their scores are scaled and weighted.
    """
    return Model(
        f"{dense.name} + {lexical.name}",
        fingerprint(["hybrid", dense.content_hash, lexical.content_hash, fusion.scale, str(fusion.dense)]),
        Hybrid(dense, lexical, fusion),
        f"{dense.method or dense.name} + {lexical.method or lexical.name}",
        dense.seed,
    )


class Hybrid:
    """Ranks by the weighted mean of scaled scores over the best candidates of both models."""

    def __init__(self, dense: Model, lexical: Model, fusion: Fusion) -> None:
        self.dense, self.lexical, self.fusion = dense, lexical, fusion

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[Scores]:
        """One row of scores (document,) for each query; documents that are no candidates come last, with
        equal scores."""
        both = (rows(model.implementation, documents, queries) for model in (self.dense, self.lexical))
        for dense, lexical in zip(*both, strict=True):
            yield _fused(
                np.nan_to_num(dense).astype(np.float32),
                np.nan_to_num(lexical).astype(np.float32),
                self.fusion,
            )


def _fused(dense: Scores, lexical: Scores, fusion: Fusion) -> Scores:
    matching = np.flatnonzero(lexical > 0)
    words = matching[best(lexical[matching], CANDIDATES)]
    candidates = np.union1d(best(dense, CANDIDATES), words)
    weight = fusion.dense if dense[candidates].any() else 0.0
    fused = fuse(dense[candidates], lexical[candidates], weight, fusion.scale)
    scores = np.full(len(dense), fused.min() - 1)
    scores[candidates] = fused
    return scores
