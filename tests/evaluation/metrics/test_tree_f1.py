"""How far trees agree, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from sentrep.data.trees.brackets import nontrivial
from sentrep.evaluation.metrics.tree_f1 import corpus_f1, overlaps, self_f1, sentence_f1
from sentrep.evaluation.statistics.bootstrap import value_of
from tests.errors import refuses


def test_agreement_by_hand() -> None:
    counts = overlaps(
        [frozenset({(0, 2), (0, 3)}), frozenset(), frozenset({(1, 3)}), frozenset()],
        [frozenset({(0, 2)}), frozenset({(0, 2)}), frozenset(), frozenset()],
    )
    assert counts.tolist() == [[1, 2, 1], [0, 0, 1], [0, 1, 0], [0, 0, 0]]
    assert sentence_f1(counts).tolist() == pytest.approx([100 * 2 / 3, 0, 0, 100])
    assert value_of(corpus_f1(counts), "ratio") == pytest.approx(100 * 2 * 1 / (3 + 2))
    assert overlaps([], []).shape == (0, 3)


def test_sentence_f1_is_that_of_precision_and_recall() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        found, wanted = (
            nontrivial([(0, int(stop)) for stop in random.integers(2, 9, 4)], 9) for _ in range(2)
        )
        (value,) = sentence_f1(overlaps([found], [wanted]))
        precision, recall = len(found & wanted) / len(found), len(found & wanted) / len(wanted)
        assert value == pytest.approx(100 * 2 * precision * recall / (precision + recall) if precision else 0)


def test_agreement_of_several_is_the_mean_over_pairs() -> None:
    left, right, both = (
        [frozenset(spans)] for spans in ({(0, 2), (0, 3)}, {(1, 4), (2, 4)}, {(0, 2), (2, 4)})
    )
    assert self_f1([left, left]) == 100
    assert self_f1([left, right, both]) == pytest.approx((0 + 50 + 50) / 3)
    with refuses(ValueError):
        self_f1([left])
