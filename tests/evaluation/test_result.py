"""Results on disk: appended, cached by content, never damaged, never stale."""

from __future__ import annotations

import json
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation import Model, Result, ResultStore, Score, Task, evaluate, read_items, read_results
from sentrep.evaluation import task as task_module
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Embeds
from tests.errors import refuses
from tests.evaluation.toy import letters, saved_model, words_task


class Counted(Task):
    """A task that counts how often it is run."""

    needs = (Embeds,)
    name, split, protocol, data = "counted", "test", "one number", "nothing"
    runs = 0

    def run(self, model: Model) -> list[Score]:
        self.runs += 1
        return [Score("first", np.array([1.0, 2.0])), Score("second", np.array([3.0]))]


def test_what_was_computed_is_not_computed_again(tmp_path: Path) -> None:
    store, task = ResultStore(tmp_path / "results.jsonl"), Counted()
    first = evaluate(letters(), [task], store).results
    again = evaluate(letters(), [task], ResultStore(tmp_path / "results.jsonl")).results
    assert task.runs == 1
    assert first == again
    assert [result.value for result in again] == [1.5, 3.0]
    assert read_items(again[0]).tolist() == [1.0, 2.0]
    assert len((tmp_path / "results.jsonl").read_text().splitlines()) == 2


def test_a_retrained_model_in_the_same_folder_is_never_given_an_old_score(tmp_path: Path) -> None:
    folder, store = tmp_path / "model", ResultStore(tmp_path / "results.jsonl")
    folder.mkdir()
    values = {}
    for training, weights in {"before": np.eye(26)[:, :3], "after": np.eye(26)}.items():
        np.save(folder / "weights.npy", weights)
        fresh = evaluate(saved_model(folder), [words_task()]).results
        stored = evaluate(saved_model(folder), [words_task()], store).results
        assert [result.value for result in stored] == [result.value for result in fresh]
        values[training] = stored[0].value
    assert values["before"] < values["after"]
    np.save(folder / "weights.npy", np.eye(26)[:, :3])
    assert evaluate(saved_model(folder), [words_task()], store).results[0].value == values["before"]
    assert len(store.read()) == 12, "the first weights, met again, were found"


@pytest.mark.parametrize("change", ["data", "protocol", "split", "code"])
def test_other_data_protocol_or_code_is_computed_anew(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, task = ResultStore(tmp_path / "results.jsonl"), Counted()
    evaluate(letters(), [task], store)
    if change == "code":
        monkeypatch.setattr(task_module, "EVALUATION_VERSION", 999)
    else:
        setattr(task, change, "another")
    evaluate(letters(), [task], store)
    assert task.runs == 2


def test_the_same_weights_under_another_name_are_found_under_it(tmp_path: Path) -> None:
    store, task = ResultStore(tmp_path / "results.jsonl"), Counted()
    evaluate(letters(), [task], store)
    renamed = evaluate(
        Model("renamed", letters().content_hash, letters().implementation), [task], store
    ).results
    assert task.runs == 1
    assert {result.model for result in renamed} == {"renamed"}


@pytest.mark.parametrize("cut", [2, 40, 200])
def test_an_interrupted_write_damages_nothing_before_it_and_is_made_good(cut: int, tmp_path: Path) -> None:
    path, task = tmp_path / "results.jsonl", Counted()
    before = evaluate(Model("earlier", "e", letters().implementation), [task], ResultStore(path)).results
    evaluate(letters(), [task], ResultStore(path))
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.warns(UserWarning, match=r"skipped 1 unreadable line\(s\), the first is line 4"):
        after = evaluate(letters(), [task], ResultStore(path)).results
    assert task.runs == 3, "half a task is no result"
    assert [result.value for result in after] == [1.5, 3.0]
    with pytest.warns(UserWarning, match="unreadable"):
        kept = read_results(path)
    assert kept[:2] == before
    assert len(kept) == 5


@pytest.mark.parametrize("kept", [4, 40, 400])
def test_a_file_that_is_nothing_but_a_cut_line_is_gone_on_with(kept: int, tmp_path: Path) -> None:
    path, task = tmp_path / "results.jsonl", Counted()
    evaluate(letters(), [task], ResultStore(path))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.warns(UserWarning, match=r"skipped 1 unreadable line\(s\), the first is line 1"):
        after = evaluate(letters(), [task], ResultStore(path)).results
    assert [result.value for result in after] == [1.5, 3.0]
    with pytest.warns(UserWarning, match="unreadable"):
        assert read_results(path) == after


def test_a_last_line_without_its_end_is_closed_off(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    evaluate(letters(), [Counted()], ResultStore(path))
    path.write_bytes(path.read_bytes()[:-1])
    evaluate(Model("later", "l", letters().implementation), [Counted()], ResultStore(path))
    assert [result.model for result in read_results(path)] == ["letters", "letters", "later", "later"]


def test_lost_item_files_are_made_again(tmp_path: Path) -> None:
    store, task = ResultStore(tmp_path / "results.jsonl"), Counted()
    Path(evaluate(letters(), [task], store).results[0].items).unlink()
    result = evaluate(letters(), [task], store).results[0]
    assert task.runs == 2
    assert read_items(result).tolist() == [1.0, 2.0]


def test_a_folder_of_results_can_be_moved(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    evaluate(letters(), [Counted()], ResultStore(tmp_path / "here" / "results.jsonl"))
    assert str(tmp_path) not in (tmp_path / "here" / "results.jsonl").read_text()
    (tmp_path / "here").rename(tmp_path / "there")
    assert read_items(read_results(tmp_path / "there" / "results.jsonl")[0]).tolist() == [1.0, 2.0]


def test_a_record_says_what_was_measured_and_with_what(tmp_path: Path) -> None:
    result = evaluate(
        Model("m", "h", letters().implementation, method="bag", seed=3), [words_task()]
    ).results[0]
    assert (result.task, result.split, result.metric, result.model, result.model_hash) == (
        "anagrams",
        "test",
        "nDCG@10",
        "m",
        "h",
    )
    assert (result.method, result.seed, result.count, result.siblings) == ("bag", 3, 20, 6)
    assert result.low <= result.value <= result.high
    assert "numpy" in result.versions
    assert result.seconds > 0
    assert "20 queries among 60 documents" in result.protocol


def test_bad_files_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with refuses(place="none.jsonl"):
        read_results(tmp_path / "none.jsonl")
    (tmp_path / "wrong.jsonl").write_text(json.dumps({"loss": 1}) + "\n")
    with refuses(place="wrong.jsonl:1"):
        read_results(tmp_path / "wrong.jsonl")
    with refuses(place="wrong.jsonl:1"):
        ResultStore(tmp_path / "wrong.jsonl")
    with refuses(place=tmp_path):
        ResultStore(tmp_path)
    with refuses(place="new.jsonl"):
        ResultStore(tmp_path / "wrong.jsonl" / "new.jsonl")
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: path != tmp_path)
        with refuses(place="new.jsonl"):
            ResultStore(tmp_path / "new.jsonl")
    (tmp_path / "typed.jsonl").write_text(
        json.dumps({field.name: 3 for field in fields(Result)}) + "\n" + json.dumps({"task": "toy"}) + "\n"
    )
    with pytest.warns(UserWarning, match=r"skipped 2 unreadable"):
        assert read_results(tmp_path / "typed.jsonl") == []
    with refuses(setting="results"):
        read_items(evaluate(letters(), [Counted()]).results[0])


def test_fingerprints_keep_parts_apart_and_take_any_text() -> None:
    assert fingerprint(["a", "b"]) != fingerprint(["ab"])
    assert fingerprint(["\ud800"]) == fingerprint(["\ud800"]), "half a surrogate is text too"
