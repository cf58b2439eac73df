"""Retrieval: search and counting agree, collapse is chance, ties across any boundary are exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from sentrep.evaluation import Model, Retrieval, Task, evaluate, fused, retrieval
from sentrep.evaluation.metrics import average_precision, ndcg, place_all, recall
from sentrep.evaluation.task import Embeds, rows, unit
from tests.evaluation.toy import Constant, Letters, OneDirection, letters, words_task


def _values(model: Model, task: Task) -> dict[str, float]:
    done = evaluate(model, [task])
    assert not done.skipped + done.failed, done
    return {result.metric: result.value for result in done.results}


class AsRanks:
    """The same cosines, row by row, so that they go the other way through the task."""

    def __init__(self, does: Embeds) -> None:
        self.does = does

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
        yield from rows(self.does, documents, queries)


@pytest.mark.parametrize("depth", [1000, 30, 3])
def test_search_equals_counting_at_any_depth(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "DEPTH", depth)
    # Three letters, few counts: most documents tie with others, also across the end of the searched list.
    random = np.random.default_rng(0)
    documents = ["".join("abc"[letter] for letter in random.integers(0, 3, 3)) for _ in range(200)]
    task = Retrieval("ties", documents[:40], documents, [{n: 1.0, 199 - n: 2.0, 100 + n: 1.0} for n in range(40)])
    searched, ranked = task.place(Letters()), task.place(AsRanks(Letters()))
    for metric, k in ((ndcg, 10), (recall, 100), (average_precision, 200)):
        np.testing.assert_allclose(metric(searched, k), metric(ranked, k), atol=1e-12)


def test_equals_metrics_on_the_whole_matrix() -> None:
    task = words_task()
    scores = unit(Letters(), task.queries).astype(float) @ unit(Letters(), task.documents).T.astype(float)
    expected = place_all(scores, [{number: 1.0} for number in range(20)], tolerance=1e-6)
    values = _values(letters(), task)
    assert values["nDCG@10"] == pytest.approx(ndcg(expected, 10).mean())
    assert values["MAP"] == pytest.approx(average_precision(expected).mean())
    assert values["R@1"] > 0.9, "an anagram has the same letters"


# Sums of many equal float32 numbers are wrong by much more than one digit: hence the wide one.
COLLAPSED: dict[str, Embeds] = {
    "constant": Constant(1.0),
    "wide constant": Constant(np.ones(384)),
    "wide random constant": Constant(np.random.default_rng(0).standard_normal(1200)),
    "nan": Constant(float("nan")),
    "zero": Constant(0.0),
    "rank one": OneDirection(),
}


@pytest.mark.parametrize("collapsed", COLLAPSED.values(), ids=COLLAPSED.keys())
@pytest.mark.parametrize("documents", [60, 9001])
def test_collapsed_models_score_exactly_at_chance(collapsed: Embeds, documents: int) -> None:
    task = words_task(documents)
    for does in (collapsed, AsRanks(collapsed)):
        values = _values(Model("collapsed", "c", does), task)
        for k in (1, 10):
            assert values[f"R@{k}"] == pytest.approx(k / documents, rel=1e-9)
        assert values["MRR@10"] == pytest.approx((1 / np.arange(1, 11)).sum() / documents, rel=1e-9)


class Lopsided(Letters):
    """All documents alike, queries not: cosines are equal at no round number."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        vectors = super().encode(texts)
        if len(texts) > 100:
            vectors[:] = np.random.default_rng(1).standard_normal(26)
        return vectors


def test_equal_documents_tie_at_any_cosine() -> None:
    assert _values(Model("lopsided", "l", Lopsided()), words_task(1500))["R@10"] == pytest.approx(10 / 1500, rel=1e-9)


def test_the_order_of_documents_changes_nothing() -> None:
    task = words_task()
    order = np.random.default_rng(2).permutation(len(task.documents))
    place = np.argsort(order)
    shuffled = Retrieval(task.name, task.queries, [task.documents[n] for n in order], [{int(place[n]): 1.0} for n in range(20)])
    assert _values(letters(), shuffled) == pytest.approx(_values(letters(), task))


def test_a_perfect_model_has_one_everywhere() -> None:
    documents = [letter * 3 for letter in "abcdefghijklmnop"]
    task = Retrieval("same", documents, documents, [{number: 1.0} for number in range(16)])
    assert set(_values(letters(), task).values()) == {1.0}


def test_the_query_itself_is_left_out() -> None:
    documents = ["aab", "abb", "ccd", "cdd"]
    pairs = [{1: 1.0}, {0: 1.0}, {3: 1.0}, {2: 1.0}]
    with_itself = Retrieval("pairs", documents, documents, pairs)
    without = Retrieval("pairs", documents, documents, pairs, own=range(4))
    for model in (letters(), Model("ranks", "r", AsRanks(Letters())), fused(letters(), letters())):
        assert _values(model, with_itself)["R@1"] == 0
        assert _values(model, without)["R@1"] == 1
    assert with_itself.data != without.data


def test_ranks_that_are_not_numbers_are_no_help() -> None:
    class Broken:
        def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
            for _ in queries:
                yield np.full(len(documents), np.nan)

    assert _values(Model("broken", "b", Broken()), words_task())["R@10"] == pytest.approx(10 / 60)


@pytest.mark.parametrize(
    ("relevant", "message"),
    [([{}], "no relevant document"), ([{5: 1.0}], "outside 0..1"), ([{0: 0.0}], "not positive"), ([], "relevant documents for 0")],
)
def test_wrong_tasks_are_refused(relevant: list[dict[int, float]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Retrieval("wrong", ["q"], ["a", "b"], relevant)


def test_the_fingerprint_follows_the_data() -> None:
    base = Retrieval("t", ["q"], ["a", "b"], [{0: 1.0}])
    assert base.data == Retrieval("t", ["q"], ["a", "b"], [{0: 1.0}]).data
    others = [
        Retrieval("t", ["p"], ["a", "b"], [{0: 1.0}]),
        Retrieval("t", ["q"], ["a", "c"], [{0: 1.0}]),
        Retrieval("t", ["q"], ["a", "b"], [{1: 1.0}]),
        Retrieval("t", ["q"], ["a", "b"], [{0: 2.0}]),
    ]
    assert len({base.data, *(other.data for other in others)}) == 5
