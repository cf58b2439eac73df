"""Agreement of two trees, given as spans of words (`data/trees/brackets.py`)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from sentrep.data.trees.brackets import Spans
from sentrep.evaluation.metrics.ranking import Floats


def overlaps(found: Sequence[Spans], wanted: Sequence[Spans]) -> Floats:
    """(sentence, 3): how many spans are in both, are found, are wanted."""
    pairs = zip(found, wanted, strict=True)
    return np.array(
        [(len(mine & gold), len(mine), len(gold)) for mine, gold in pairs], dtype=np.float64
    ).reshape(-1, 3)


def sentence_f1(counts: Floats) -> Floats:
    """F1 x 100 of `overlaps`, (sentence,); 100 where nothing is found and nothing wanted, as of two words."""
    above, below = corpus_f1(counts).T
    items: Floats = 100 * np.divide(above, below, out=np.ones_like(above), where=below > 0)
    return items


def corpus_f1(counts: Floats) -> Floats:
    """Items of the aggregate `ratio`, (sentence, 2), whose F1 is that of all sentences' spans together."""
    return np.stack([2 * counts[:, 0], counts[:, 1] + counts[:, 2]], axis=1)


def self_f1(predictions: Sequence[Sequence[Spans]]) -> float:
    """How far several models or seeds agree: sentence F1 x 100 between two of them, the mean over all pairs
    (Williams et al. 2018).

    Each gives for the same sentences its spans without trivial ones: `nontrivial`, or `Bracketed.spans` of
    what `read_trees` reads."""
    if len(predictions) < 2:
        raise ValueError(f"{len(predictions)} predictions; agreement is between two or more")
    pairs = itertools.combinations(predictions, 2)
    return float(np.mean([sentence_f1(overlaps(first, second)).mean() for first, second in pairs]))
