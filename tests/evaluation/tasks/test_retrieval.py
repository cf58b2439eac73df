"""Retrieval: search and counting agree, collapse is chance, ties across any boundary are exact."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from sentrep.evaluation import Model, Retrieval, Task, bm25, evaluate, fused, random_vectors, read_beir, words
from sentrep.evaluation.metrics.ranking import average_precision, ndcg, recall
from sentrep.evaluation.result import EXAMPLES
from sentrep.evaluation.tasks import retrieval
from sentrep.evaluation.vectors import rows, unit_vectors
from sentrep.search.approximate import HNSW
from sentrep.utils.capabilities import Embeds
from tests.errors import refuses
from tests.evaluation.metrics.ranks import rank_all
from tests.evaluation.toy import COLLAPSED, Constant, Letters, letters, words_task
from tests.paths import SHARED_DATA

DATA = SHARED_DATA


def _values(model: Model, task: Task) -> dict[str, float]:
    done = evaluate(model, [task])
    assert not done.skipped + done.failed, done
    return {result.metric: result.value for result in done.results}


class AsRanks:
    """The same cosines, row by row, so that they go the other way through the task."""

    def __init__(self, implementation: Embeds) -> None:
        self.implementation = implementation

    def rank(self, documents: Sequence[str], queries: Sequence[str]) -> Iterator[np.ndarray]:
        yield from rows(self.implementation, documents, queries)


@pytest.mark.parametrize("depth", [1000, 30, 3])
def test_search_equals_counting_at_any_depth(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "DEPTH", depth)
    # Three letters, few counts: most documents tie with others, also across the end of the searched list.
    random = np.random.default_rng(0)
    documents = ["".join("abc"[letter] for letter in random.integers(0, 3, 3)) for _ in range(200)]
    task = Retrieval(
        "ties", documents[:40], documents, [{n: 1.0, 199 - n: 2.0, 100 + n: 1.0} for n in range(40)]
    )
    searched, ranked = task.ranks(Letters()), task.ranks(AsRanks(Letters()))
    for metric, k in ((ndcg, 10), (recall, 100), (average_precision, 200)):
        np.testing.assert_allclose(metric(searched, k), metric(ranked, k), atol=1e-12)


def test_equals_metrics_on_the_whole_matrix() -> None:
    task = words_task()
    scores = unit_vectors(Letters(), task.queries).astype(float) @ unit_vectors(
        Letters(), task.documents
    ).T.astype(float)
    expected = rank_all(scores, [{number: 1.0} for number in range(20)], tolerance=1e-6)
    values = _values(letters(), task)
    assert values["nDCG@10"] == pytest.approx(ndcg(expected, 10).mean())
    assert values["MAP"] == pytest.approx(average_precision(expected).mean())
    assert values["R@1"] > 0.9, "an anagram has the same letters"


# Sums of many equal float32 numbers are wrong by much more than one digit: hence the wide one.
@pytest.mark.parametrize("collapsed", COLLAPSED.values(), ids=COLLAPSED.keys())
@pytest.mark.parametrize("documents", [60, 9001])
def test_collapsed_models_score_exactly_at_chance(collapsed: Embeds, documents: int) -> None:
    task = words_task(documents)
    for implementation in (collapsed, AsRanks(collapsed)):
        values = _values(Model("collapsed", "c", implementation), task)
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
    assert _values(Model("lopsided", "l", Lopsided()), words_task(1500))["R@10"] == pytest.approx(
        10 / 1500, rel=1e-9
    )


def test_the_order_of_documents_changes_nothing() -> None:
    task = words_task()
    order = np.random.default_rng(2).permutation(len(task.documents))
    place = np.argsort(order)
    shuffled = Retrieval(
        task.name, task.queries, [task.documents[n] for n in order], [{int(place[n]): 1.0} for n in range(20)]
    )
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
    "relevant",
    [
        pytest.param([{}], id="no relevant document"),
        pytest.param([{5: 1.0}], id="no such document"),
        pytest.param([{0: 0.0}], id="not positive"),
        pytest.param([], id="nothing for a query"),
    ],
)
def test_wrong_tasks_are_refused(relevant: list[dict[int, float]]) -> None:
    with refuses(ValueError):
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


def _graded(count: int = 400, queries: int = 60) -> Retrieval:
    """Several relevant documents of different gains for each query; some queries are documents themselves."""
    random = np.random.default_rng(5)
    documents = [f"text {number}" for number in range(count)]
    own = [number if number % 3 == 0 else -1 for number in range(queries)]
    asked = [documents[itself] if itself >= 0 else f"query {number}" for number, itself in enumerate(own)]
    others = [[place for place in range(count) if place != itself] for itself in own]
    relevant = [
        {int(at): float(random.integers(1, 4)) for at in random.choice(each, 12, replace=False)}
        for each in others
    ]
    return Retrieval("graded", asked, documents, relevant, own=own, approximate=True)


class Planted:
    """Random directions, those of a query's relevant documents bent towards it."""

    def __init__(self, task: Retrieval) -> None:
        vectors = dict(zip([*task.queries, *task.documents], self._random(task), strict=True))
        for query, relevant in zip(task.queries, task.relevant, strict=True):
            for at in relevant[::2]:
                vectors[task.documents[at]] = vectors[task.documents[at]] + vectors[query] / 1.5
        self.vectors = vectors

    def _random(self, task: Retrieval) -> np.ndarray:
        count = len(task.queries) + len(task.documents)
        # A seed under which no relevant document comes nearer to another than 3e-6, so that none tie.
        return np.random.default_rng(8).standard_normal((count, 24)).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.vectors[text] for text in texts])


def _judged(task: Retrieval, runs: Sequence[dict[str, float]]) -> dict[str, np.ndarray]:
    """What trec_eval says of runs, one for each query: {document: score}."""
    pytrec_eval = pytest.importorskip("pytrec_eval")
    qrels = {
        str(number): {str(at): int(gain) for at, gain in zip(relevant, gains, strict=True)}
        for number, (relevant, gains) in enumerate(zip(task.relevant, task.gains, strict=True))
    }
    measures = {"ndcg_cut.10", "map", "recall.1,10,100", "recip_rank"}
    judged = pytrec_eval.RelevanceEvaluator(qrels, measures).evaluate(
        {str(number): run for number, run in enumerate(runs)}
    )
    names = {
        "ndcg_cut_10": "nDCG@10",
        "map": "MAP",
        "recall_1": "R@1",
        "recall_10": "R@10",
        "recall_100": "R@100",
    }
    found = {
        ours: np.array([judged[str(n)][theirs] for n in range(len(runs))]) for theirs, ours in names.items()
    }
    reciprocal = np.array([judged[str(n)]["recip_rank"] for n in range(len(runs))])
    # trec_eval looks for the first relevant document however deep it lies.
    return found | {"MRR@10": np.where(reciprocal >= 0.1 - 1e-9, reciprocal, 0.0)}


def test_graded_gains_equal_trec_eval_and_the_query_itself_is_no_rival() -> None:
    task = _graded()
    model = Model("planted", "p", Planted(task))
    scores = {score.metric: score.items for score in task.run(model)}
    products = (
        unit_vectors(model.implementation, task.queries).astype(float)
        @ unit_vectors(model.implementation, task.documents).astype(float).T
    )
    runs = [
        {str(at): float(score) for at, score in enumerate(row) if at != own}
        for row, own in zip(products, task.own, strict=True)
    ]
    for metric, expected in _judged(task, runs).items():
        np.testing.assert_allclose(scores[metric], expected, atol=1e-9, err_msg=metric)
    assert 0.2 < scores["nDCG@10"].mean() < 0.9


class Forgetful(HNSW):
    """An index that has lost two documents of three."""

    def search(self, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        scores = (queries.astype(float) @ self.vectors.T.astype(float)).astype(np.float32)
        scores[:, np.arange(scores.shape[1]) % 3 > 0] = -np.inf
        order = np.argsort(-scores, axis=1)[:, :k]
        return np.take_along_axis(scores, order, axis=1), order


def test_what_an_index_loses_is_a_column_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "HNSW", Forgetful)
    task = _graded()
    model = Model("planted", "p", Planted(task))
    scores = {score.metric: score.items for score in task.run(model)}
    products = (
        unit_vectors(model.implementation, task.queries).astype(float)
        @ unit_vectors(model.implementation, task.documents).astype(float).T
    )
    runs = []
    for row, own in zip(products, task.own, strict=True):
        left = [at for at in np.argsort(-row) if at % 3 == 0 and at != own]
        runs.append({str(at): float(row[at]) for at in left[:10]})
    expected = _judged(task, runs)
    for metric in ("nDCG@10", "R@10"):
        np.testing.assert_allclose(scores[f"{metric} (HNSW)"], expected[metric], atol=1e-9, err_msg=metric)
        assert scores[f"{metric} (HNSW)"].mean() < scores[metric].mean() - 0.1


def test_a_sound_index_loses_next_to_nothing_and_nothing_by_chance() -> None:
    plain = words_task(3000, 300)
    task = Retrieval(
        plain.name, plain.queries, plain.documents, [{n: 1.0} for n in range(300)], approximate=True
    )
    first, again = _values(letters(), task), _values(letters(), task)
    assert first == again
    for metric in ("nDCG@10", "R@10"):
        assert first[metric] - 0.02 < first[f"{metric} (HNSW)"] <= first[metric] + 0.01
    assert task.fingerprint != plain.fingerprint
    assert task.data == plain.data
    assert "HNSW" in task.protocol
    assert not any("HNSW" in metric for metric in [*_values(letters(), plain), *_values(bm25(), task)])


@pytest.mark.parametrize("collapsed", COLLAPSED.values(), ids=COLLAPSED.keys())
@pytest.mark.parametrize("index", [HNSW, Forgetful])
def test_an_index_does_not_lift_a_collapsed_model_above_chance(
    collapsed: Embeds, index: type[HNSW], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "HNSW", index)
    for documents in (60, 1500):
        plain = words_task(documents)
        # Every relevant document stands where an index that keeps the first of equals would find it.
        relevant = [{n: 1.0 for n in range(20) if n != number} for number in range(20)]
        task = Retrieval(
            "t", plain.documents[:20], plain.documents, relevant, own=range(20), approximate=True
        )
        values = _values(Model("collapsed", "c", collapsed), task)
        assert values["R@10 (HNSW)"] == pytest.approx(10 / (documents - 1), rel=1e-9)
        assert values["nDCG@10 (HNSW)"] == pytest.approx(19 / (documents - 1), rel=1e-9)
        assert {values["nDCG@10"], values["R@10"]} == {values["nDCG@10 (HNSW)"], values["R@10 (HNSW)"]}


def test_the_worst_failures_are_told_in_words() -> None:
    documents = [letter * 4 for letter in "abcdefghij"] + ["x" * 500, "aaab"]
    # Of the third, the answer is the long text; what is found is the query's own letters.
    task = Retrieval(
        "t", ["aaaa", "bbbb", "cccc \n c"], documents, [{0: 1.0, 11: 2.0}, {1: 1.0}, {10: 3.0, 3: 1.0}]
    )
    first, *others = task.run(letters())
    assert all(not score.examples for score in others)
    # The second is found at once and the first nearly: its better answer comes second.
    assert [example.question for example in first.examples] == ["cccc c", "aaaa"]
    worst, second = first.examples
    assert (worst.got, worst.score, worst.wanted) == ("cccc", first.items[2], "x" * 199 + "…")
    assert second.wanted == "aaab"
    assert second.score == pytest.approx(first.items[0])
    assert second.got not in ("aaaa", "aaab")


@pytest.mark.parametrize("implementation", [Constant(1.0), AsRanks(Constant(1.0))], ids=["embeds", "ranks"])
def test_of_equal_failures_some_from_all_over_are_told_and_what_was_found_was_not_wanted(
    implementation: Embeds,
) -> None:
    task = words_task(200, 100)
    own = Retrieval(
        task.name, task.documents[:100], task.documents, [{n + 100: 1.0} for n in range(100)], own=range(100)
    )
    first, again = (own.run(Model("c", "c", implementation))[0].examples for _ in range(2))
    assert first == again
    assert len(first) == EXAMPLES
    numbers = [own.queries.index(example.question) for example in first]
    assert max(numbers) > 60, numbers
    for number, example in zip(numbers, first, strict=True):
        assert example.wanted == own.documents[number + 100]
        assert example.got not in (example.wanted, example.question)


@pytest.mark.slow
def test_memory_does_not_grow_with_documents_times_queries() -> None:
    """Of a collapsed model, for which every query is scored in full."""
    documents, peaks = [str(number) for number in range(12_000)], []
    for queries in (700, 1700):
        task = Retrieval("big", ["q"] * queries, documents, [{number: 1.0} for number in range(queries)])
        tracemalloc.start()
        task.ranks(Constant(1.0))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 4e6 < 1000 * len(documents) * 4, (
        "a float32 for each pair more would be 48 MB more"
    )


class WordSums:
    """Sums of random word vectors: ranks that mean something, and scores of which hardly any two are
    equal."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        tokens = [words(text) for text in texts]
        vocab = sorted(set(itertools.chain.from_iterable(tokens)))
        vectors = dict(zip(vocab, random_vectors(64).implementation.encode(vocab), strict=True))
        return np.stack(
            [np.sum([vectors[token] for token in each] or [np.zeros(64)], axis=0) for each in tokens]
        )


def _extremes(row: np.ndarray, relevant: np.ndarray) -> list[dict[str, float]]:
    """Two strict orders of all documents that agree with scores but for rounding: where equal, relevant
    first, and last."""
    order = np.argsort(-row, kind="stable")
    level = np.r_[0, np.cumsum(-np.diff(row[order]) > 4e-7 * max(1, np.abs(row).max()))]
    wanted = np.isin(order, relevant)
    orders = (order[np.lexsort((sign * wanted, level))] for sign in (-1, 1))
    return [{str(at): float(-rank) for rank, at in enumerate(each)} for each in orders]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
@pytest.mark.parametrize("collection", ["cranfield", "med"])
@pytest.mark.parametrize("model", [bm25(), Model("word sums", "w", WordSums())], ids=lambda model: model.name)
def test_real_runs_equal_trec_eval(collection: str, model: Model) -> None:
    """To 1e-6 for every query whose relevant documents tie with no other; between the extremes for the few
    others."""
    task = read_beir(DATA / f"retrieval-{collection}")
    scores = {score.metric: score.items for score in task.run(model)}
    ranked = rows(model.implementation, task.documents, task.queries)
    runs = [
        _extremes(row.astype(float), relevant) for row, relevant in zip(ranked, task.relevant, strict=True)
    ]
    best, worst = (_judged(task, each) for each in zip(*runs, strict=True))
    for metric, items in scores.items():
        settled = np.abs(best[metric] - worst[metric]) < 1e-9
        np.testing.assert_allclose(items[settled], best[metric][settled], atol=1e-6, err_msg=metric)
        assert (items <= best[metric] + 1e-6).all(), metric
        assert (items >= worst[metric] - 1e-6).all(), metric
        # BM25 has hundreds of zeros at the end of each ranking, which MAP over all documents sees.
        assert settled.mean() > (0.9 if metric != "MAP" or model.name != "bm25" else 0.0), (
            metric,
            settled.mean(),
        )
