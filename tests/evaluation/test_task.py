"""The loop over tasks: what cannot be done is said, what breaks costs nothing else."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sentrep.evaluation import Model, Pair, Score, Similarity, Task, bm25, evaluate
from sentrep.evaluation.task import Embeds, unit
from tests.evaluation.toy import letters, words_task


class Breaks(Task):
    needs = (Embeds,)
    name, split, protocol, data = "breaks", "test", "none", "none"

    def run(self, model: Model) -> list[Score]:
        raise RuntimeError("out of luck")


def test_a_task_that_breaks_is_named_and_costs_the_others_nothing() -> None:
    done = evaluate(letters(), [Breaks(), words_task()])
    assert [(left.task, left.reason) for left in done.failed] == [("breaks", "RuntimeError: out of luck")]
    assert {result.task for result in done.results} == {"anagrams"}


def test_a_need_unmet_is_skipped_with_its_reason() -> None:
    pairs = Similarity("pairs", {"": [Pair(1, "a", "b"), Pair(2, "b", "b"), Pair(0, "a", "c")]})
    done = evaluate(bm25(), [pairs, words_task()])
    assert [(left.task, left.reason) for left in done.skipped] == [("pairs", "needs a model that Embeds, which bm25 does not")]
    assert len(done.results) == 6


def test_ctrl_c_is_not_swallowed() -> None:
    class Interrupted(Breaks):
        def run(self, model: Model) -> list[Score]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(letters(), [Interrupted()])


def test_unit_vectors_are_unit_or_zero_and_the_model_s_own_stay_untouched() -> None:
    vectors = np.array([[3, 4], [np.nan, 1], [np.inf, 0], [0, 0]], dtype=np.float32)

    class Given:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return vectors

    np.testing.assert_allclose(unit(Given(), list("abcd")), [[0.6, 0.8], [0, 0], [0, 0], [0, 0]])
    assert vectors[0].tolist() == [3, 4]
    with pytest.raises(ValueError, match="expected"):
        unit(Given(), ["one text"])
