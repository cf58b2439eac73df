"""Clustering: V-measure equal to scikit-learn's, k-means as good as its, nothing gained from rounding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from sentrep.evaluation import Model, ResultStore, compare, evaluate
from sentrep.evaluation.datasets.labelled import Labelled
from sentrep.evaluation.statistics.bootstrap import value_of
from sentrep.evaluation.statistics.permutation import difference
from sentrep.evaluation.task import Embeds
from sentrep.evaluation.tasks import clustering
from sentrep.evaluation.tasks.clustering import Clustering, information, read_clustering
from tests.errors import refuses
from tests.evaluation.tasks.test_topics import words_of_topics
from tests.evaluation.toy import COLLAPSED, Letters, letters


def _values(implementation: Embeds, task: Clustering) -> dict[str, float]:
    done = evaluate(Model("m", "m", implementation), [task])
    assert not done.failed, done.failed
    return {result.metric: result.value for result in done.results}


def _items(labels: np.ndarray, clusters: np.ndarray) -> np.ndarray:
    shared, label, cluster = information(labels, clusters)
    return np.stack([2 * shared, label + cluster], axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_equals_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels, clusters = random.integers(0, 5, 300), random.integers(0, 7, 300)
    clusters[:150] = labels[:150]
    shared, label, cluster = information(labels, clusters)
    wanted = metrics.homogeneity_completeness_v_measure(labels, clusters)
    found = (
        shared.sum() / label.sum(),
        shared.sum() / cluster.sum(),
        value_of(_items(labels, clusters), "ratio") / 100,
    )
    assert found == pytest.approx(wanted, abs=1e-9)


def test_a_task_is_the_mean_over_seeds_of_scikit_learn_s_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    found = iter(random.integers(0, 3, (3, 90)))
    monkeypatch.setattr(clustering, "k_means", lambda points, clusters, starts, seed: next(found))
    data = words_of_topics(90)
    values = _values(Letters(), Clustering(data, seeds=3))
    again = np.random.default_rng(0).integers(0, 3, (3, 90))
    wanted = 100 * np.mean(
        [metrics.homogeneity_completeness_v_measure(data.labels, each) for each in again], axis=0
    )
    assert [values[name] for name in ("homogeneity", "completeness", "V-measure")] == pytest.approx(
        list(wanted), abs=1e-9
    )


@pytest.mark.parametrize("implementation", COLLAPSED.values(), ids=COLLAPSED.keys())
def test_a_collapsed_model_has_nothing(implementation: Embeds) -> None:
    # The lengths of texts tell the labels, and so do the lengths of the collapsed vectors: it must not help.
    texts = tuple("ab"[number % 2] * (number // 2 + 1 + 50 * (number % 2)) for number in range(100))
    task = Clustering(Labelled("lengths", texts, tuple("xy"[number % 2] for number in range(100))))
    assert _values(implementation, task) == {"V-measure": 0, "homogeneity": 0, "completeness": 0}


def test_topics_are_found_and_an_interval_holds_the_value() -> None:
    done = evaluate(letters(), [Clustering(words_of_topics(150, length=9))])
    assert done.results
    for result in done.results:
        assert 5 < result.low < result.value < result.high < 100
    labels = tuple("abc"[number % 3] for number in range(60))
    apart = Labelled("apart", tuple(label * (3 + number) for number, label in enumerate(labels)), labels)
    assert _values(Letters(), Clustering(apart))["V-measure"] == pytest.approx(100)


class Random:
    """Nothing of a text but its identity."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.random.default_rng(len(texts)).standard_normal((len(texts), 32)).astype(np.float32)


def test_random_vectors_have_little_more_than_nothing() -> None:
    assert 0 < _values(Random(), Clustering(words_of_topics(600)))["V-measure"] < 2


def _noisy(labels: np.ndarray, noise: float, random: np.random.Generator) -> np.ndarray:
    """Clusters under numbers of their own, with some texts astray."""
    astray = random.random(len(labels)) < noise
    mixed: np.ndarray = random.permutation(4)[np.where(astray, random.integers(0, 4, len(labels)), labels)]
    return mixed


def test_two_clusterings_are_compared_fairly_whatever_their_clusters_are_called() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 250)
    twins = [[_items(labels, _noisy(labels, 0.4, random)) for _ in range(2)] for _ in range(80)]
    ps = [difference([one], [other], "ratio", draws=300).p for one, other in twins]
    assert stats.kstest(ps, "uniform").pvalue > 0.01
    good, bad = _noisy(labels, 0.2, random), _noisy(labels, 0.5, random)
    found = difference([_items(labels, good)], [_items(labels, bad)], "ratio", draws=1000)
    assert found.value == pytest.approx(
        100 * (metrics.v_measure_score(labels, good) - metrics.v_measure_score(labels, bad))
    )
    assert found.p < 0.01
    assert 0 < found.low < found.value < found.high
    renamed = np.array([2, 0, 3, 1])[good]
    assert difference([_items(labels, good)], [_items(labels, renamed)], "ratio", draws=300).p == 1


def test_results_can_be_kept_and_compared(tmp_path: Path) -> None:
    task, store = Clustering(words_of_topics(150, length=18)), ResultStore(tmp_path / "results.jsonl")
    for model in (letters(), Model("random", "r", Random())):
        evaluate(model, [task], store)
    comparison = compare(tmp_path / "results.jsonl")
    for metric in ("V-measure", "homogeneity", "completeness"):
        assert comparison.beats("letters", ("words", "test", metric)) == ["random"]


def test_the_worst_texts_in_words() -> None:
    texts = (*("a" * n for n in range(1, 9)), *("b" * n for n in range(1, 9)), "bbbbbbbbbz")
    task = Clustering(Labelled("two", texts, ("x",) * 8 + ("y",) * 8 + ("x",)))
    first, *rest = task.run(letters())
    worst = first.examples[0]
    assert (worst.question, worst.wanted, worst.got) == ("bbbbbbbbbz", "x", "among 9 texts, 89 % of them y")
    assert worst.score == pytest.approx(1 / 9)
    assert not any(score.examples for score in rest)


def test_files_and_options(tmp_path: Path) -> None:
    (tmp_path / "dev.tsv").write_text(
        "topic\ttext\n" + "".join(f"{'ab'[n % 2]}\t{'ab'[n % 2] * (n + 1)}\n" for n in range(20))
    )
    (task,) = read_clustering(
        tmp_path, name="mine", split="dev", label_field="topic", sample=12, seeds=2, starts=3
    )
    assert isinstance(task, Clustering)
    assert (task.name, task.split, len(task.texts)) == ("mine", "dev", 12)
    for phrase in ("12 of 20 texts", "into 2 clusters", "best of 3 starts", "mean over 2 seeds"):
        assert phrase in task.protocol
    assert _values(Letters(), task)["V-measure"] == pytest.approx(100)
    with refuses(setting="seeds"):
        read_clustering(tmp_path, label_field="topic", seeds=0)
    assert all(score.items.shape == (12, 4) for score in task.run(letters()))


def test_chinese_texts_are_clustered() -> None:
    class Characters:
        def encode(self, texts: Sequence[str]) -> np.ndarray:
            return np.array(
                [[text.count(character) for character in "股票球队"] for text in texts], dtype=np.float32
            )

    texts = tuple(f"{'股票' if n % 2 else '球队'}{'涨' * n}" for n in range(20))
    assert (
        _values(Characters(), Clustering(Labelled("zh", texts, tuple("球股"[n % 2] for n in range(20)))))[
            "V-measure"
        ]
        == 100
    )
