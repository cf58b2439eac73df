"""Anomalies: scores against hand-worked cases, valid p-values, drift, the task, and the command."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

import sentrep
from sentrep.cli.main import main
from sentrep.evaluation.datasets.labelled import Labelled
from sentrep.evaluation.statistics.bootstrap import interval
from sentrep.evaluation.suite import KINDS, tasks_from
from sentrep.evaluation.task import Model, evaluate
from sentrep.evaluation.tasks.anomaly import Anomaly, mean_precision, ranks_below
from sentrep.mining.anomalies import drift, outlier_scores, p_values, score_texts
from sentrep.mining.anomaly_scores import (
    SMOOTHING,
    VECTOR_SCORES,
    WORD_SCORES,
    likelihood_ratio,
    word_counts,
)
from sentrep.mining.cvdd import ContextVectors
from sentrep.mining.flow_score import flow
from sentrep.mining.text_vectors import lsa_vectors
from sentrep.utils.errors import InputError

FARM = ["cow", "horse", "barn", "field", "hay", "tractor", "milk", "fence"]
CITY = ["tram", "tower", "office", "street", "bank", "traffic", "bridge", "crowd"]
NEAR = np.random.default_rng(0).normal(size=(10, 4)) + np.array([9, 0, 0, 0])
VECTORS = np.concatenate([NEAR, [[-9.0] * 4]]).astype(np.float32)
COMMON = ["the", "a", "of", "and", "in", "on", "is", "was"]


def texts(topic: list[str], count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [
        " ".join(
            [*random.choice(topic, random.integers(2, 5)), *random.choice(COMMON, random.integers(2, 6))]
        )
        for _ in range(count)
    ]


def test_the_likelihood_ratio_equals_the_hand_worked_case() -> None:
    normal, other = word_counts(["a b"]), word_counts(["a c"])
    (found,) = likelihood_ratio(normal, other, word_counts(["b"]))
    total = 4 + 0.5 * normal.shape[1]
    common = 1.5 / total
    expected = np.log(SMOOTHING * common / (2 + SMOOTHING)) - np.log(
        (1 + SMOOTHING * common) / (2 + SMOOTHING)
    )
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("score", ["combined", *WORD_SCORES, *VECTOR_SCORES, "cvdd"])
def test_every_score_finds_another_topic(score: str) -> None:
    normal, usual, strange = texts(FARM, 80, 0), texts(FARM, 30, 1), texts(CITY, 30, 2)
    vectors = lsa_vectors(normal, [*usual, *strange])
    found = score_texts(normal, [*usual, *strange], score, vectors=(vectors[0], vectors[1]))
    gold = np.repeat([0, 1], 30)
    assert roc_auc_score(gold, found.score) > (0.8 if score == "cvdd" else 0.9)


@pytest.mark.parametrize("score", ["combined", "words", "likelihood-ratio", "rarity", "neighbours"])
def test_p_values_of_normal_texts_are_valid(score: str) -> None:
    shares = []
    for seed in range(5):
        normal, usual = texts(FARM, 150, seed), texts(FARM, 100, seed + 100)
        vectors = lsa_vectors(normal, usual)
        found = score_texts(normal, usual, score, vectors=(vectors[0], vectors[1]))
        shares.append(float((found.p_value <= 0.1).mean()))
    assert np.mean(shares) < 0.16


def test_p_values_of_the_combined_score_are_valid_with_few_normal_texts() -> None:
    shares = []
    for seed in range(60):
        normal, usual = texts(FARM, 20, seed), texts(FARM, 20, seed + 1000)
        vectors = np.random.default_rng(seed).normal(size=(2, 20, 8)).astype(np.float32)
        found = score_texts(normal, usual, vectors=(vectors[0], vectors[1]))
        shares.append(float((found.p_value <= 0.05).mean()))
    assert np.mean(shares) < 0.08


def test_p_values_equal_a_count() -> None:
    random = np.random.default_rng(0)
    held_out, scores = random.integers(0, 5, 40).astype(float), random.integers(0, 5, 20).astype(float)
    expected = [(1 + int((held_out >= each).sum())) / 41 for each in scores]
    assert p_values(held_out, scores).tolist() == pytest.approx(expected)


def test_drift_is_significant_between_topics_only() -> None:
    for other, changed in ((texts(FARM, 60, 1), False), (texts(CITY, 60, 1), True)):
        vectors = lsa_vectors(texts(FARM, 60, 0), other)
        found = drift(texts(FARM, 60, 0), other, (vectors[0], vectors[1]))
        assert (found.p_value < 0.01) == changed
        assert (found.words[0][2] < 0.01) == changed


@pytest.mark.parametrize("given", [[], [""], ["same"] * 10_000, ["一个文本"], ["one"]])
def test_odd_inputs(given: list[str]) -> None:
    found = score_texts(texts(FARM, 20, 0), given)
    assert np.isfinite(found.score).all()
    assert ((found.p_value > 0) & (found.p_value <= 1)).all()


def test_too_few_normal_texts_name_the_setting() -> None:
    with pytest.raises(InputError) as error:
        score_texts(["a"], ["b"])
    assert error.value.setting == "normal"


def test_scores_do_not_depend_on_the_order() -> None:
    normal, given = texts(FARM, 60, 0), list(dict.fromkeys([*texts(FARM, 20, 1), *texts(CITY, 20, 2)]))
    order = np.random.default_rng(0).permutation(len(given)).tolist()
    for score in ("words", "combined"):
        one = score_texts(normal, given, score).score
        other = score_texts(normal[::-1], [given[at] for at in order], score).score
        assert one[order] == pytest.approx(other, abs=1e-2)


def test_the_outliers_of_a_corpus_are_found() -> None:
    given = [*texts(FARM, 60, 0), *texts(CITY, 3, 1)]
    found = outlier_scores(given, lsa_vectors(given)[0])
    assert set(np.argsort(-found)[:3].tolist()) == {60, 61, 62}
    assert outlier_scores(["a"] * 3, np.ones((3, 2), np.float32)).tolist() == [0, 0, 0]


def test_the_command_prints_correlations_and_writes_all_scores(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    normal, given, out = (tmp_path / name for name in ("normal.txt", "input.txt", "scores.jsonl"))
    normal.write_text("\n".join(f"{text}." for text in texts(FARM, 60, 0)), encoding="utf-8")
    given.write_text(
        "\n".join(f"{text}." for text in [*texts(FARM, 10, 1), *texts(CITY, 5, 2)]), encoding="utf-8"
    )
    command = ["anomalies", "--normal", str(normal), "--input", str(given), "--out", str(out), "--drift"]
    assert main([*command, "--split", "lines"]) == 0
    shown = capsys.readouterr().out
    assert "correlation" in shown
    assert "drift" in shown
    assert all(len(line) <= 100 for line in shown.splitlines())
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 15
    assert [row["score"] for row in rows] == sorted((row["score"] for row in rows), reverse=True)


def test_the_verb_does_not_depend_on_the_order_of_equal_scores() -> None:
    found = sentrep.anomalies(texts(FARM, 40, 0), ["b", "a"], score="neighbours")
    assert {text.text for text in found.texts} == {"a", "b"}


def test_auroc_and_ap_equal_scikit_learn() -> None:
    random = np.random.default_rng(0)
    scores, gold = random.integers(0, 8, 60).astype(float), random.random(60) < 0.3
    assert ranks_below(scores, gold).mean() == pytest.approx(roc_auc_score(gold, scores))
    assert mean_precision(scores, gold) == pytest.approx(average_precision_score(gold, scores))


class WordVectors:
    """A model that counts the words of both topics."""

    def encode(self, given: Sequence[str]) -> np.ndarray:
        return np.array([[text.split().count(word) for word in FARM + CITY] for text in given], np.float32)


def test_contexts_equal_a_naive_computation() -> None:
    rows = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    network = ContextVectors(rows, rows[:2].copy())
    text = np.array([3, 1, 4], np.int32)
    inner, outer = (layer.weight.detach().numpy() for layer in (network.inner, network.outer))
    expected = []
    for context in range(2):
        score = [float(outer[context] @ np.tanh(inner @ rows[word - 1])) for word in text]
        weight = np.exp(score) / np.exp(score).sum()
        own = sum(each * rows[word - 1] for each, word in zip(weight, text, strict=True))
        cosine = own @ rows[context] / np.linalg.norm(own) / np.linalg.norm(rows[context])
        expected.append((1 - cosine) / 2)
    longer = np.array([1, 1, 2, 2, 5], np.int32)  # padding of the shorter text changes nothing
    assert network.scores([text, longer])[0] == pytest.approx(np.mean(expected), abs=1e-5)


def test_the_flow_finds_vectors_that_are_too_far_and_too_near() -> None:
    random = np.random.default_rng(0)
    normal = (0.2 * random.normal(size=(600, 8)) + [*[0] * 7, 1]).astype(np.float32)
    usual = (0.2 * random.normal(size=(50, 8)) + [*[0] * 7, 1]).astype(np.float32)
    strange = np.array([[0.9, -0.9, 0.9, 0, 0, 0, 0, 1], [*[0] * 7, 1]], np.float32)
    found = flow(normal, np.concatenate([usual, strange]))
    assert (found[50:] > np.median(found[:50])).all()
    assert found[50] > found[:50].max()
    assert (found == flow(normal, np.concatenate([usual, strange]))).all()


def test_the_task_measures_each_class(tmp_path: Path) -> None:
    folder = tmp_path / "topics"
    folder.mkdir()
    for part, seed in (("train", 0), ("test", 50)):
        lines = ["label\ttext", *(f"farm\t{text}" for text in dict.fromkeys(texts(FARM, 40, seed)))]
        lines += [f"city\t{text}" for text in dict.fromkeys(texts(CITY, 40, seed + 1))]
        (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "task.toml").write_text('kind = "anomaly"\n')
    assert "anomaly" in KINDS
    (task,) = tasks_from(folder)
    done = evaluate(Model("words", "hash", WordVectors()), [task])
    assert not done.failed
    assert {result.metric: result.value > 90 for result in done.results} == {"AUROC": True, "AP": True}


def test_auroc_of_the_task_is_the_mean_over_classes_with_an_item_for_each_text() -> None:
    train, test = (
        Labelled(
            "topics",
            tuple(map(" ".join, np.random.default_rng(seed).choice(FARM + CITY, (120, 4)))),
            ("a",) * 100 + ("b",) * 10 + ("c",) * 10,
            part,
        )
        for part, seed in (("train", 0), ("test", 1))
    )
    area, precision = Anomaly(train, test).run(Model("words", "hash", WordVectors()))
    gold, vectors = np.array(test.labels), [WordVectors().encode(each.texts) for each in (train, test)]
    known, given = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in vectors)
    areas, precisions = [], []
    for label in "abc":
        near = np.sort(given @ known[np.array(train.labels) == label].T)[:, -5:].mean(axis=1)
        areas.append(roc_auc_score(gold != label, np.round(1 - near, 5)))
        precisions.append(average_precision_score(gold != label, np.round(1 - near, 5)))
    assert len(area.items) == 120
    assert area.items.mean() == pytest.approx(100 * np.mean(areas), abs=0.1)
    assert precision.items.mean() == pytest.approx(100 * np.mean(precisions), abs=0.1)


def test_the_interval_of_auroc_is_that_of_texts_drawn_anew() -> None:
    random = np.random.default_rng(0)
    centres = random.normal(size=(5, 8))
    vectors = {
        f"{part} {label} {at}": (centres[label] + 1.5 * random.normal(size=8)).astype(np.float32)
        for part, count in (("train", 50), ("test", 30))
        for label in range(5)
        for at in range(count)
    }

    class Drawn:
        def encode(self, given: Sequence[str]) -> np.ndarray:
            return np.array([vectors[text] for text in given])

    train, test = (
        Labelled("drawn", tuple(texts), tuple(text.split()[1] for text in texts), part)
        for part in ("train", "test")
        for texts in [[text for text in vectors if text.startswith(part)]]
    )
    area, _ = Anomaly(train, test).run(Model("drawn", "hash", Drawn()))

    known, given = (Drawn().encode(each.texts) for each in (train, test))
    known, given = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (known, given))
    gold, normal = np.array(test.labels), np.array(train.labels)
    scores = {
        label: 1 - np.sort(given @ known[normal == label].T, axis=1)[:, -5:].mean(axis=1) for label in "01234"
    }
    drawn = random.integers(len(gold), size=(500, len(gold)))
    areas = [np.mean([roc_auc_score(gold[at] != each, scores[each][at]) for each in scores]) for at in drawn]
    wanted = np.quantile(100 * np.array(areas), [0.025, 0.975])
    assert np.array(interval(area.items)) == pytest.approx(wanted, abs=0.1 * (wanted[1] - wanted[0]))
