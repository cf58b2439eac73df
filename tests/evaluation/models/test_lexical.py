"""Baselines: chance, words, and mixtures."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sentrep.data.analysis import words
from sentrep.evaluation import Embeds, Model, Ranks, Retrieval, bm25, evaluate, fused, random_vectors
from sentrep.evaluation.datasets.beir import read_retrieval
from sentrep.evaluation.models.lexical import named
from sentrep.evaluation.vectors import rows
from tests.evaluation.toy import letters, words_task
from tests.paths import SHARED_DATA

DOCUMENTS = ["the cat sat", "the dog sat down", "a bird", "the cat and the dog", ""]


def test_random_vectors_depend_on_the_text_and_the_seed_alone() -> None:
    model = random_vectors(64).implementation
    assert isinstance(model, Embeds)
    together, reversed_order = model.encode(["a", "b", "a"]), model.encode(["b", "a"])
    np.testing.assert_array_equal(together[0], together[2])
    np.testing.assert_array_equal(together[:2], reversed_order[::-1])
    assert not np.array_equal(together[0], together[1])
    other = random_vectors(64, seed=1)
    assert isinstance(other.implementation, Embeds)
    assert not np.array_equal(other.implementation.encode(["a"])[0], together[0])
    assert other.content_hash != random_vectors(64).content_hash


def test_random_vectors_score_at_chance() -> None:
    random = np.random.default_rng(0)
    names = [str(number) for number in random.integers(0, 10**9, 600)]
    task = Retrieval("chance", names[:300], names[300:], [{number: 1.0} for number in range(300)])
    found = {result.metric: result for result in evaluate(random_vectors(32), [task]).results}
    assert found["R@100"].low < 1 / 3 < found["R@100"].high


def test_bm25_equals_its_formula() -> None:
    k1, b = 1.2, 0.6
    (scores,) = rows(bm25(k1=k1, b=b).implementation, DOCUMENTS, ["cat sat unknown"])
    tokens = [words(document) for document in DOCUMENTS]
    mean = sum(map(len, tokens)) / len(tokens)
    for document, score in zip(tokens, scores, strict=True):
        expected = 0.0
        for word in ("cat", "sat"):
            holding = sum(word in other for other in tokens)
            weight = math.log(1 + (len(tokens) - holding + 0.5) / (holding + 0.5))
            frequency = document.count(word)
            expected += weight * frequency / (frequency + k1 * (1 - b + b * len(document) / mean))
        assert score == pytest.approx(expected, abs=1e-6)


def test_bm25_without_a_match_is_silent_and_at_chance() -> None:
    for query in ("zebra", "?!", "the"):
        (scores,) = rows(bm25(stop_words=("the",)).implementation, DOCUMENTS, [query])
        assert scores.tolist() == [0] * 5
    task = Retrieval("silent", ["zebra"], DOCUMENTS, [{3: 1.0}])
    assert {r.metric: r.value for r in evaluate(bm25(), [task]).results}["R@1"] == pytest.approx(1 / 5)
    (nothing,) = rows(bm25().implementation, ["", "!"], ["cat"])
    assert nothing.tolist() == [0, 0]


def test_bm25_finds_chinese() -> None:
    documents = ["一个男人在吹笛子", "一个女孩在梳头", "飞机正在起飞"]
    (scores,) = rows(bm25().implementation, documents, ["女孩梳头发"])
    assert scores.argmax() == 1
    assert words("IKEA 在北京!") == ["ikea", "在", "北", "京", "在北", "北京"]


def test_settings_make_another_model() -> None:
    models = [
        bm25(),
        bm25(k1=1.2),
        bm25(b=0.5),
        bm25(stop_words=("the",)),
        bm25(label="other"),
        bm25(str.split),
    ]
    assert len({model.content_hash for model in models}) == 6


@pytest.mark.parametrize("how", ["ranks", "scores"])
def test_fusion_helps_where_each_knows_a_half(how: str) -> None:
    class Half:
        def __init__(self, chosen: range) -> None:
            self.chosen = chosen

        def rank(self, documents: list[str], queries: list[str]):  # type: ignore[no-untyped-def]
            for number in range(len(queries)):
                yield np.eye(len(documents))[number] * (number in self.chosen) * 7

    task = words_task(60, 20)
    first, second = Model("first", "1", Half(range(10))), Model("second", "2", Half(range(10, 20)))
    values = {
        model.name: {r.metric: r.value for r in evaluate(model, [task]).results}["MRR@10"]
        for model in (first, second, fused(first, second, how))  # type: ignore[arg-type]
    }
    assert max(values["first"], values["second"]) < 0.6
    assert values["first + second"] == pytest.approx(1)


def test_fusion_by_ranks_is_the_published_formula() -> None:
    both = fused(bm25(), letters(), weight=0.5)
    assert isinstance(both.implementation, Ranks)
    one, other = (
        next(iter(rows(model.implementation, DOCUMENTS[:4], ["cat dog"]))) for model in (bm25(), letters())
    )
    (found,) = both.implementation.rank(DOCUMENTS[:4], ["cat dog"])
    best = [np.argsort(np.argsort(-scores, kind="stable")) + 1 for scores in (one, other)]
    assert len(set(one)) == len(set(other)) == 4, "no ties, so that ranks are plain"
    np.testing.assert_allclose(found, 0.5 / (60 + best[0]) + 0.5 / (60 + best[1]))


def test_an_extreme_weight_is_one_model_alone() -> None:
    task = words_task()
    alone = [r.value for r in evaluate(letters(), [task]).results]
    assert [
        r.value for r in evaluate(fused(letters(), bm25(), "scores", 1.0), [task]).results
    ] == pytest.approx(alone)


COLLECTIONS = {"cranfield": 0.518, "med": 0.696, "npl": 0.428, "cacm": 0.494}
"""nDCG@10 that BM25 with stemming and stop words reaches at least."""


@pytest.mark.slow
@pytest.mark.parametrize(("collection", "wanted"), COLLECTIONS.items())
def test_stemming_reaches_what_was_measured(collection: str, wanted: float) -> None:
    folder = SHARED_DATA / f"retrieval-{collection}"
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not here")
    model = named("bm25-stemmed")
    assert model is not None
    scores = {r.metric: r.value for r in evaluate(model, read_retrieval(folder)).results}
    assert scores["nDCG@10"] > wanted - 0.002
