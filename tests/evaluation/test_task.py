"""The loop over tasks: what cannot be done is said, what breaks costs nothing else."""

from __future__ import annotations

import pytest

from sentrep.evaluation import Model, Pair, Score, Similarity, Task, bm25, evaluate
from sentrep.utils.capabilities import Embeds
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
    assert [(left.task, left.reason) for left in done.skipped] == [
        ("pairs", "needs a model that Embeds, which bm25 does not")
    ]
    assert len(done.results) == 6


def test_ctrl_c_is_not_swallowed() -> None:
    class Interrupted(Breaks):
        def run(self, model: Model) -> list[Score]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(letters(), [Interrupted()])
