"""Comparison: like with like only, and no verdict by luck."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import (
    Model,
    Pair,
    Result,
    ResultStore,
    Retrieval,
    Score,
    Similarity,
    compare,
    evaluate,
    random_vectors,
)
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.statistics.compare import holm
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.evaluation.toy import letters, words_task

COLUMN = ("toy", "test", "score")


def _result(
    folder: Path, name: str, items: np.ndarray, seed: int | None = None, method: str = "", **changes: object
) -> Result:
    """A measured model, by its per-item scores."""
    template = evaluate(letters(), [words_task()]).results[0]
    result = replace(
        template, task="toy", metric="score", model=name, model_hash=fingerprint([name]), seed=seed,
        method=method,
        value=float(items.mean()), count=len(items), key=fingerprint([name, str(changes)]), siblings=1,
        **changes,  # type: ignore[arg-type]
    )  # fmt: skip
    return ResultStore(folder / "results.jsonl").add([result], [Score(result.metric, items)])[0]


@pytest.fixture
def scores() -> np.ndarray:
    return np.random.default_rng(0).random(200)


def test_marks_what_beats_what(tmp_path: Path, scores: np.ndarray) -> None:
    noise = np.random.default_rng(1).standard_normal((2, 200))
    _result(tmp_path, "good", scores + 0.1 + 0.05 * noise[0])
    _result(tmp_path, "base", scores)
    _result(tmp_path, "same", scores + 0.02 * noise[1])
    found = compare(tmp_path / "results.jsonl")
    assert found.rows == ("good", "base", "same")
    assert sorted(found.beats("good", COLUMN)) == ["base", "same"]
    assert found.beats("base", COLUMN) == found.beats("same", COLUMN) == []
    by_pair = {(contest.first, contest.second): contest for contest in found.contests}
    assert by_pair["good", "base"].difference.value == pytest.approx((0.1 + 0.05 * noise[0]).mean())
    assert by_pair["good", "base"].p == pytest.approx(3 * by_pair["good", "base"].difference.p), (
        "Holm over three pairs"
    )


def test_lower_is_better_where_the_metric_says_so(tmp_path: Path, scores: np.ndarray) -> None:
    first = _result(tmp_path, "high", scores + 1, higher_is_better=False)
    second = _result(tmp_path, "low", scores, higher_is_better=False)
    found = compare([first], [second])
    assert (found.beats("low", COLUMN), found.beats("high", COLUMN)) == (["high"], [])
    assert "score (lower is better)" in found.table()


@pytest.mark.parametrize("change", ["data", "protocol", "count", "versions"])
def test_unlike_measurements_are_refused(change: str, tmp_path: Path, scores: np.ndarray) -> None:
    first = _result(tmp_path, "first", scores)
    other = {"data": "0123", "protocol": "another way", "count": 199, "versions": {"evaluation": "0"}}[change]
    second = replace(_result(tmp_path, "second", scores), **{change: other})
    what = {"count": "count of items", "versions": "evaluation code"}.get(change, change)
    with pytest.raises(InputError, match=f"second and first cannot be compared, their {what} differ"):
        compare([first], [second])


def test_tasks_on_other_data_are_refused_end_to_end(tmp_path: Path) -> None:
    first = evaluate(letters(), [words_task(seed=0)], ResultStore(tmp_path / "a.jsonl")).results
    second = evaluate(random_vectors(), [words_task(seed=1)], ResultStore(tmp_path / "b.jsonl")).results
    with refuses(setting="results"):
        compare(first, second)


def test_seeds_become_one_row_with_mean_and_deviation(tmp_path: Path, scores: np.ndarray) -> None:
    for seed, shift in enumerate([0.1, 0.2, 0.3]):
        _result(tmp_path, f"run-{seed}", scores + shift, seed, "bag of 512")
    _result(tmp_path, "base", scores, 0, "base")
    found = compare(tmp_path / "results.jsonl")
    assert found.rows == ("bag of 512", "base")
    cell = found.cells["bag of 512", COLUMN]
    assert (cell.seeds, cell.value, cell.deviation) == (
        3,
        pytest.approx(scores.mean() + 0.2),
        pytest.approx(0.1),
    )
    assert found.beats("bag of 512", COLUMN) == ["base"]
    assert ".100 (3 seeds)" in found.table()


def test_a_column_has_one_scale(tmp_path: Path, scores: np.ndarray) -> None:
    """A collapsed model's 0.9 stands among others' 70: it is out of 100 too, with or without several
    seeds."""
    for seed in (0, 1):
        _result(tmp_path, f"flat-{seed}", scores + 0.3 * seed, seed, "flat")
    _result(tmp_path, "good", 70 + scores)
    _result(tmp_path, "alone", scores)
    lines = compare(tmp_path / "results.jsonl").table().splitlines()
    shown = {line.split()[1]: line.split()[2] for line in lines[3:6]}
    assert shown["flat"] == f"{scores.mean() + 0.15:.1f}"
    assert shown["good"] == f"{70 + scores.mean():.1f}"
    assert shown["alone"] == f"{scores.mean():.1f}"


def test_equal_seeds_of_one_method_are_different_models(tmp_path: Path, scores: np.ndarray) -> None:
    for name in ("small", "large"):
        _result(tmp_path, name, scores, 0, "bag")
    assert compare(tmp_path / "results.jsonl").rows == ("small", "large")


def test_one_name_for_two_models_is_told_apart_and_the_last_measurement_counts(
    tmp_path: Path, scores: np.ndarray
) -> None:
    first, other = _result(tmp_path, "model", scores), _result(tmp_path, "other", scores)
    retrained = replace(other, model="model")
    rows = compare([first], [retrained]).rows
    assert rows == (f"model {first.model_hash[:8]}", f"model {other.model_hash[:8]}")
    again = replace(first, value=0.123)
    assert compare([first, other, again]).cells["model", COLUMN].value == 0.123


def test_spearman_is_compared_by_pairs(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = ["".join("abcdef"[letter] for letter in random.integers(0, 6, 8)) for _ in range(300)]

    def alike(one: str, other: str) -> float:
        return float(len(set(one) & set(other)) / len(set(one) | set(other)))

    pairs = [Pair(alike(one, other), one, other) for one, other in zip(texts[::2], texts[1::2], strict=True)]
    task = Similarity("letters", {"one": pairs[:70], "two": pairs[70:]})
    store = ResultStore(tmp_path / "results.jsonl")
    for model in (letters(), random_vectors(16)):
        evaluate(model, [task], store)
    found = compare(tmp_path / "results.jsonl")
    for metric in ("Spearman (all)", "Spearman (mean)", "Spearman (weighted mean)", "Spearman one"):
        assert found.beats("letters", ("letters", "test", metric)) == ["random"]


def test_missing_tasks_are_blank_and_one_model_is_nothing_to_compare(
    tmp_path: Path, scores: np.ndarray
) -> None:
    first, second = _result(tmp_path, "first", scores), _result(tmp_path, "second", scores)
    found = compare([first, second, replace(first, task="alone")])
    assert "–" in found.table()
    with refuses(setting="results"):
        compare([first])
    with refuses(setting="results"):
        compare([])


def test_results_without_items_are_refused() -> None:
    task = words_task()
    with refuses(setting="results"):
        compare(evaluate(letters(), [task]).results, evaluate(random_vectors(), [task]).results)


def test_what_was_measured_elsewhere_is_shown_and_not_tested(tmp_path: Path, scores: np.ndarray) -> None:
    """A count of 0: nothing is known of the items. Those who have items are tested among each other."""
    good, base, foreign = (
        _result(tmp_path, name, scores + shift)
        for name, shift in [("good", 0.1), ("base", 0), ("foreign", 1)]
    )
    foreign = replace(foreign, value=0.75, low=math.nan, high=math.nan, items="")
    found = compare([replace(result, count=0) for result in (good, base)], [replace(foreign, count=0)])
    assert found.contests == ()
    found = compare([good, base], [replace(foreign, task="other", count=0)])
    assert [(contest.first, contest.second) for contest in found.contests] == [("good", "base")]
    assert any(line.endswith(" .750") for line in found.table().splitlines())
    assert "not tested" in found.table()
    with refuses(setting="results"):
        compare([good, base, foreign])


def test_tables_in_four_styles(tmp_path: Path) -> None:
    store = ResultStore(tmp_path / "results.jsonl")
    for model in (letters(), random_vectors(16), Model("a_b & 50%", "x", letters().implementation)):
        evaluate(model, [words_task(), Retrieval("second", ["ab"], ["ba", "cd"], [{0: 1.0}])], store)
    found = compare(tmp_path / "results.jsonl")
    text, markdown, latex, table = (found.table(style) for style in ("text", "markdown", "latex", "csv"))
    for part in ("a letters", "anagrams (test)", "Holm"):
        assert part in text
    assert "| a letters | 1.000 [1.000, 1.000] b |" in markdown
    assert r"c a\_b \& 50\% & 1.000 [1.000, 1.000] b" in latex
    assert next(line for line in latex.splitlines() if "Holm" in line).startswith("%")
    assert table.splitlines()[0].startswith("task,model,nDCG@10")
    assert len(table.splitlines()) == 9


def test_holm_steps_down() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
