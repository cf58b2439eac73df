"""The report: what is on the page is what was measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sentrep.evaluation import (
    Model,
    ResultStore,
    Score,
    bm25,
    compare,
    evaluate,
    random_vectors,
    read_results,
)
from sentrep.evaluation.report import Run, failures, write_report
from sentrep.evaluation.report.curves import POINTS
from sentrep.evaluation.result import EXAMPLES, Example
from tests.errors import refuses
from tests.evaluation.report.report_toy import data_of, topical, word_sum
from tests.evaluation.toy import Constant, letters, words_task


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tasks, measured with four models, of which one has collapsed and one cannot embed."""
    store = ResultStore(tmp_path_factory.mktemp("results") / "results.jsonl")
    tasks = [words_task(), words_task(seed=1)]
    tasks[1].name = "others"
    for model in (letters(), random_vectors(), Model("runs/flat/model", "flat-1", Constant(1.0)), bm25()):
        evaluate(model, tasks, store)
    return store.path


def test_the_league_says_what_compare_says(results: Path, tmp_path: Path) -> None:
    league = data_of(write_report([results], tmp_path / "report.html"))["league"]
    compared = compare(results)
    assert [model["full"] for model in league["models"]] == [[row] for row in compared.rows]
    assert [model["name"] for model in league["models"]] == ["letters", "random", "flat", "bm25"], (
        "paths are shortened"
    )
    (group,) = league["groups"]
    assert group["name"] == "Retrieval"
    assert [task["name"] for task in group["tasks"]] == ["anagrams", "others"]
    assert group["metrics"] == [column[2] for column in compared.columns if column[0] == "anagrams"]
    beaten = 0
    for task in group["tasks"]:
        for metric, column in task["columns"].items():
            place = (task["name"], "test", metric)
            for row, cell in zip(compared.rows, column["cells"], strict=True):
                wanted = compared.cells[row, place]
                assert cell[:5] == pytest.approx(
                    [wanted.value, wanted.low, wanted.high, wanted.deviation, wanted.seeds], abs=1e-4
                )
                assert [compared.rows[other] for other in cell[5]] == sorted(
                    compared.beats(row, place), key=compared.rows.index
                )
                beaten += len(cell[5])
    assert beaten > 0
    assert group["tasks"][0]["standing"] == ["unbeaten", "beaten", "beaten", "beaten"]
    assert (
        league["verdict"]
        == "letters is unbeaten on 2 of 2 tasks: no other model is significantly better there."
    )


def test_alarms_and_seconds_are_shown(results: Path, tmp_path: Path) -> None:
    task = data_of(write_report([results], tmp_path / "report.html"))["league"]["groups"][0]["tasks"][0]
    assert [bool(alarm) for alarm in task["alarms"]] == [False, False, True, False]
    assert "same way" in task["alarms"][2]
    measured = {result.model: result for result in read_results(results) if result.task == "anagrams"}
    for (embedding, scoring), result in zip(task["seconds"], measured.values(), strict=True):
        assert embedding == pytest.approx(result.embedding_seconds, rel=1e-3)
        assert embedding + scoring == pytest.approx(result.seconds, rel=1e-3)


def _store(folder: Path, name: str, items: np.ndarray, seed: int | None = None, **changes: Any) -> None:
    template = evaluate(letters(), [words_task()]).results[0]
    method = "" if seed is None else "quick"
    result = replace(
        template, metric="score", model=name, model_hash=f"{name}{seed}", seed=seed, method=method,
        count=len(items),
        value=float(items.mean()), key=f"{name}{seed}", siblings=1, **changes,
    )  # fmt: skip
    ResultStore(folder / "results.jsonl").add([result], [Score("score", items)])


def test_seeds_are_one_row_with_their_deviation(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    values = []
    for seed in (1, 2, 3):
        items = random.random(50)
        values.append(items.mean())
        _store(tmp_path, f"run{seed}", items, seed)
    league = data_of(write_report([tmp_path / "results.jsonl"], tmp_path / "report.html"))["league"]
    (model,) = league["models"]
    assert (model["name"], model["seeds"], model["full"]) == ("quick", [1, 2, 3], ["run1", "run2", "run3"])
    value, low, high, deviation, seeds, *_ = league["groups"][0]["tasks"][0]["columns"]["score"]["cells"][0]
    assert (value, low, high) == pytest.approx((np.mean(values), min(values), max(values)), rel=1e-4)
    assert (deviation, seeds) == (pytest.approx(np.std(values, ddof=1), rel=1e-3), 3)
    assert league["groups"][0]["name"] == "By score"
    assert "One model alone" in league["verdict"]


def test_nobody_is_unbeaten_where_nobody_else_was_measured(tmp_path: Path) -> None:
    items = np.random.default_rng(0).random(50)
    _store(tmp_path, "first", items, task="here")
    _store(tmp_path, "second", items, task="there")
    league = data_of(write_report([tmp_path / "results.jsonl"], tmp_path / "report.html"))["league"]
    assert [task["standing"] for task in league["groups"][0]["tasks"]] == [["untested"] * 2] * 2
    assert league["verdict"] == "No two models have been measured on the same task."


def test_tasks_of_one_corpus_lose_its_name(tmp_path: Path) -> None:
    for name in ("mine: next sentence", "mine: title to body"):
        _store(tmp_path, "first", np.random.default_rng(0).random(50), task=name, split="held-out")
    (group,) = data_of(write_report([tmp_path / "results.jsonl"], tmp_path / "report.html"))["league"][
        "groups"
    ]
    assert group["name"] == "By score without labels"
    assert [task["name"] for task in group["tasks"]] == ["next sentence", "title to body"]


def test_results_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    _store(tmp_path, "first", np.ones(5), data="a")
    _store(tmp_path, "second", np.ones(5), data="b")
    with refuses(setting="results"):
        write_report([tmp_path / "results.jsonl"], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


# ---- curves ----


def test_curves_are_what_was_logged(tmp_path: Path) -> None:
    broken = {"step": 20, "loss": float("nan")}
    history = [
        {"step": 10, "loss": 4.0, "lr": 0.1},
        broken,
        {"step": 20, "valid_loss": 3.5, "valid_chance": 6.0},
    ]
    runs = [Run("runs/a", history), Run("runs/b", [{"step": 1, "valid_effective_rank": 7.0}])]
    drawn = data_of(write_report([], tmp_path / "report.html", runs=runs))["curves"]
    assert [run["name"] for run in drawn["runs"]] == ["a", "b"]
    assert drawn["runs"][0]["series"] == {
        "loss": [[10, 20], [4.0, None], 1], "lr": [[10], [0.1], 1],
        "valid_loss": [[20], [3.5], 1], "valid_chance": [[20], [6.0], 1],
    }  # fmt: skip
    assert [(chart["key"], chart["main"]) for chart in drawn["charts"]] == [
        ("loss", True),
        ("effective_rank", True),
        ("lr", False),
    ]


def test_long_curves_are_averaged_and_end_where_they_ended(tmp_path: Path) -> None:
    values = np.random.default_rng(0).random(10 * POINTS - 3)
    history = [{"step": number, "loss": float(value)} for number, value in enumerate(values)]
    (run,) = data_of(write_report([], tmp_path / "report.html", runs=[Run("a", history)]))["curves"]["runs"]
    steps, drawn, together = run["series"]["loss"]
    assert (len(steps), together, steps[-1]) == (POINTS, 10, len(values) - 1)
    assert drawn[:-1] == pytest.approx(values[: 10 * (POINTS - 1)].reshape(-1, 10).mean(axis=1), rel=1e-4)
    assert drawn[-1] == pytest.approx(values[-1], rel=1e-4)


def test_a_run_without_logs_is_named(tmp_path: Path) -> None:
    with refuses(place="a"):
        write_report([], tmp_path / "report.html", runs=[Run("runs/a", [])])


# ---- failures ----


def test_failures_are_listed_once_a_text(tmp_path: Path) -> None:
    examples = [Example("question", f"wanted {'x' * 900}", "got", 0.5), Example("question", "got", "", 0.25)]
    template = evaluate(letters(), [words_task()]).results[:1]
    store = ResultStore(tmp_path / "results.jsonl")
    store.add([replace(template[0], siblings=1)], [Score("nDCG@10", np.ones(20), examples=examples)])
    found = data_of(write_report([store.path], tmp_path / "report.html"))["failures"]
    (only,) = found["lists"]
    assert (only["task"], only["split"], only["model"]) == ("anagrams", "test", "letters")
    shown = [[found["texts"][number] for number in item[:3]] + item[3:] for item in only["items"]]
    assert shown == [
        ["question", f"wanted {'x' * (failures.CUT - 7)}…", "got", 0.5],
        ["question", "got", "", 0.25],
    ]
    assert len(found["texts"]) == 4


def test_many_failures_are_cut_to_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    template = evaluate(letters(), [words_task()]).results[0]
    store = ResultStore(tmp_path / "results.jsonl")
    for name in "ab":
        examples = [
            Example(f"{name} {number} {'x' * 100}", "", "", 1.0 - number / 100) for number in range(EXAMPLES)
        ]
        store.add(
            [replace(template, model=name, model_hash=name, siblings=1)],
            [Score("nDCG@10", np.ones(20), examples=examples)],
        )
    monkeypatch.setattr(failures, "BUDGET", 1000)
    found = failures.worst_failures(store.read())
    lengths = [len(each["items"]) for each in found["lists"]]
    assert lengths[0] == lengths[1] < EXAMPLES
    assert sum(map(len, found["texts"])) <= 1000
    assert found["texts"][found["lists"][1]["items"][0][0]].startswith("b 0 "), "the worst stay"


def test_the_same_input_gives_the_same_page(results: Path, tmp_path: Path) -> None:
    pages = [
        write_report([results], tmp_path / name, model=word_sum(), sentences=topical(40)).read_bytes()
        for name in "ab"
    ]
    assert pages[0] == pages[1]


def test_what_is_wrong_is_said(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with refuses(setting="results"):
        write_report([], out)
    with refuses(place="absent.jsonl"):
        write_report([tmp_path / "absent.jsonl"], out)
    with refuses(place="empty.jsonl"):
        write_report([empty], out)
    with refuses(place=tmp_path):
        write_report([results], tmp_path)
    with refuses(setting="model"):
        write_report([], out, model=bm25(), sentences=topical(5))
    with refuses(setting="sentences"):
        write_report([results], out, model=word_sum(), sentences=["one", " one "])
    with refuses(setting="model"):
        write_report([results], out, sentences=["one", "two"])
    assert not out.exists()
