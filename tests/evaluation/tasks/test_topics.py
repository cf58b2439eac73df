"""Topic retrieval: equal to scikit-learn query by query, chance for the collapsed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from sklearn import metrics

from sentrep.evaluation import Model, bm25, evaluate, random_vectors
from sentrep.evaluation.datasets.labelled import Labelled
from sentrep.evaluation.tasks import topics
from sentrep.evaluation.tasks.topics import Topics
from sentrep.evaluation.vectors import unit_vectors
from sentrep.utils.capabilities import Embeds
from tests.evaluation.toy import COLLAPSED, letters


def words_of_topics(count: int, seed: int = 0, length: int = 12) -> Labelled:
    """Three topics, each with a preference for letters of its own."""
    random = np.random.default_rng(seed)
    labels = [("first", "second", "third")[number % 3] for number in range(count)]
    letters = {"first": "aaabbbcdefgh", "second": "cccdddabefgh", "third": "eeefffabcdgh"}
    return Labelled(
        "words",
        tuple("".join(random.permutation(list(letters[each]) * 2)[:length]) for each in labels),
        tuple(labels),
    )


def _values(model: Model, task: Topics) -> dict[str, float]:
    done = evaluate(model, [task])
    assert not done.failed + done.skipped, done
    return {result.metric: result.value for result in done.results}


@pytest.mark.parametrize("at_once", [7, 256])
def test_equals_scikit_learn_query_by_query(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(topics, "_QUERIES_AT_ONCE", at_once)
    monkeypatch.setattr(
        topics, "TOLERANCE", 0.0
    )  # nothing ties, but among so many cosines some are neighbours
    data = words_of_topics(90)
    model = random_vectors(16)
    scores = {score.metric: score.items for score in Topics(data).run(model)}
    vectors = unit_vectors(model.implementation, data.texts).astype(float)  # type: ignore[arg-type]
    for query in range(90):
        others = np.arange(90) != query
        cosines, same = (
            (vectors @ vectors[query])[others],
            (np.array(data.labels) == data.labels[query])[others],
        )
        assert scores["MAP"][query] == pytest.approx(metrics.average_precision_score(same, cosines), abs=1e-6)
        best = same[np.argsort(-cosines)]
        assert scores["P@10"][query] == pytest.approx(best[:10].mean())
        assert scores["R-precision"][query] == pytest.approx(best[: same.sum()].mean())


class AsRanks:
    """All documents alike, or none of them a number."""

    def __init__(self, value: float) -> None:
        self.value = value

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
        for _ in queries:
            yield np.full(len(documents), self.value, dtype=np.float32)


@pytest.mark.parametrize(
    "implementation",
    [*COLLAPSED.values(), AsRanks(3.0), AsRanks(float("nan"))],
    ids=[*COLLAPSED, "ranks", "nan ranks"],
)
def test_a_collapsed_model_has_chance(implementation: Embeds) -> None:
    values = _values(Model("collapsed", "c", implementation), Topics(words_of_topics(300)))
    assert values["P@10"] == pytest.approx(99 / 299)
    assert values["R-precision"] == pytest.approx(99 / 299)
    harmonic = (1 / np.arange(1, 300)).sum()
    assert values["MAP"] == pytest.approx(98 / 298 * (1 - harmonic / 299) + harmonic / 299), (
        "a random order of 299, 99 relevant"
    )


def test_letters_and_bm25_find_topics_and_a_perfect_model_has_one() -> None:
    data = words_of_topics(120)
    assert min(_values(letters(), Topics(data)).values()) > 0.45
    spaced = Labelled("words", tuple(" ".join(text) for text in data.texts), data.labels)
    assert _values(bm25(), Topics(spaced))["P@10"] > 0.45
    perfect = Labelled(
        "same", tuple("abc"[n % 3] * (n + 1) for n in range(45)), tuple("abc"[n % 3] for n in range(45))
    )
    assert set(_values(letters(), Topics(perfect)).values()) == {1.0}


def test_chinese_topics_are_found_by_bm25() -> None:
    texts = ("股票上涨了", "股票下跌了", "球队赢了比赛", "球队输了比赛")
    assert _values(bm25(), Topics(Labelled("zh", texts, ("股", "股", "球", "球"))))["R-precision"] == 1


def test_a_label_of_its_own_is_a_document_but_no_query() -> None:
    task = Topics(Labelled("few", ("aa", "ab", "zz"), ("a", "a", "z")))
    assert [score.items.shape for score in task.run(letters())] == [(2,)] * 3


def test_the_worst_queries_in_words() -> None:
    task = Topics(Labelled("few", ("aaa", "aab", "bbc", "ccb", "aaaz"), ("a", "a", "b", "b", "b")))
    first, *rest = task.run(letters())
    assert first.metric == "MAP"
    assert not any(score.examples for score in rest)
    worst = first.examples[0]
    assert (worst.question, worst.wanted, worst.got) == ("aaaz", "b", "a: aaa")
    assert worst.score == first.items.min()
