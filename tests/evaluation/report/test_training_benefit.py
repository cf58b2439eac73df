"""The report names the trained runs that do not beat the untrained encoder or BM25."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sentrep.evaluation import Model, ResultStore, bm25, evaluate, random_vectors
from sentrep.evaluation.report import write_report
from tests.evaluation.report.report_toy import TRAINED, data_of
from tests.evaluation.toy import Constant, letters, words_task


def warnings(folder: Path, *models: Model) -> list[str]:
    """The sentences on a page about these models, measured on two tasks."""
    tasks = [words_task(), words_task(seed=1)]
    tasks[1].name = "others"
    store = ResultStore(folder / "results.jsonl")
    for model in models:
        evaluate(model, tasks, store)
    page = write_report([store.path], folder / "report.html")
    found: list[str] = data_of(page)["league"]["training_warnings"]
    return found


def untrained() -> Model:
    return replace(random_vectors(), name="untrained", method="", seed=None)


def trained(model: Model) -> Model:
    return replace(model, name="mine", method=TRAINED, seed=1)


@pytest.mark.parametrize("reference", [untrained(), bm25()], ids=["untrained", "bm25"])
def test_a_run_that_is_not_better_is_named(tmp_path: Path, reference: Model) -> None:
    run = trained(Model("", "flat-1", Constant(1.0)))
    assert warnings(tmp_path, run, reference) == [
        f"Training did not pay for mine: compared with {reference.name} it is significantly better "
        "on 0 of 2 tasks and worse on 0."
    ]


def test_a_run_that_is_worse_is_named_with_every_reference(tmp_path: Path) -> None:
    run = trained(Model("", "flat-1", Constant(1.0)))
    strong = replace(letters(), name="as wide an encoder, untrained")
    (sentence,) = warnings(tmp_path, run, strong, bm25())
    assert (
        "as wide an encoder, untrained it is significantly better on 0 of 2 tasks and worse on 2" in sentence
    )
    assert "compared with bm25" in sentence


def test_a_run_that_beats_both_is_not_named(tmp_path: Path) -> None:
    assert warnings(tmp_path, trained(letters()), untrained(), bm25()) == []


@pytest.mark.parametrize("method", ["", "bag", f"bm25 + {TRAINED}"])
def test_only_trained_runs_are_judged(tmp_path: Path, method: str) -> None:
    other = replace(trained(Model("", "flat-1", Constant(1.0))), method=method)
    assert warnings(tmp_path, other, untrained()) == []


def test_without_a_reference_nothing_is_claimed(tmp_path: Path) -> None:
    run = trained(Model("", "flat-1", Constant(1.0)))
    assert warnings(tmp_path, run, replace(letters(), name=f"bm25 + {TRAINED}")) == []
