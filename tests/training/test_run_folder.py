"""The run on disk: what it takes up again, what it refuses, and what it never removes."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from sentrep.training.resumable import differences
from sentrep.training.run_file import read_run
from sentrep.training.run_folder import RunFolder
from sentrep.utils.errors import InputError
from sentrep.utils.formats import RUN as RUN_FORMAT
from tests.errors import refuses

SETTINGS = {"method": "quick-thought", "training": {"lr": 0.1, "steps": 5}}


def test_a_new_run_says_what_made_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "deep" / "run")
    run.open(SETTINGS)
    written = json.loads((run.path / "run.json").read_text())
    assert written["run"] == SETTINGS
    assert written["format_version"] == RUN_FORMAT.format_version
    assert {"torch", "sentrep", "python"} <= set(written["versions"])
    assert run.logs.is_dir()
    assert run.checkpoints.is_dir()


def test_the_same_settings_go_on_and_others_are_refused_by_name(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(SETTINGS)
    before = (run.path / "run.json").read_bytes()
    run.open(SETTINGS)
    with refuses(setting="out", place="run"):
        run.open({"method": "quick-thought", "training": {"lr": 0.2, "steps": 5}})
    with refuses(setting="out", place="run"):
        run.open({"method": "quick-thought", "training": {"lr": 0.1, "steps": 5, "width": 8}})
    assert (run.path / "run.json").read_bytes() == before


RUN = {
    "method": "quick-thought",
    "settings": {"window": 1},
    "corpus": {"corpus": ["here"]},
    "tokenizer": {},
    "training": {"epochs": 3.0, "steps": None, "threads": 1, "checkpoint_every": None, "log_every": 10},
    "fingerprint": "aa",
}


def changed(**changes: Any) -> dict[str, Any]:
    """The run with other values of its training, or of a part that is given as a dictionary."""
    parts = {name: value for name, value in changes.items() if name in RUN}
    training = {name: value for name, value in changes.items() if name not in RUN}
    return {**RUN, **parts, "training": {**RUN["training"], **training}}  # type: ignore[dict-item]


@pytest.mark.parametrize(
    "change",
    [
        {"corpus": {"corpus": ["there"]}},
        {"threads": 2},
        {"log_every": 1},
        {"checkpoint_every": 7, "checkpoint_minutes": 1.0},
        {"tracker": "none"},
    ],
)
def test_what_changes_no_weight_is_no_reason_to_refuse(tmp_path: Path, change: dict[str, Any]) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(RUN)
    run.open(changed(**change))


@pytest.mark.parametrize(
    ("change", "setting"),
    [
        ({"epochs": 4.0}, "start"),
        ({"steps": 50}, "start"),
        ({"epochs": 4.0, "threads": 2}, "start"),
        ({"epochs": 4.0, "lr": 0.1}, "overwrite"),
        ({"settings": {"window": 2}}, "overwrite"),
        ({"fingerprint": "bb"}, "overwrite"),
        ({"fingerprint": "bb", "corpus": {"corpus": ["there"]}}, "overwrite"),
    ],
)
def test_what_changes_weights_is_refused_with_the_way_out(
    tmp_path: Path, change: dict[str, Any], setting: str
) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(RUN)
    with pytest.raises(InputError) as caught:
        run.open(changed(**change))
    assert f"--{setting}" in caught.value.for_command_line()


@pytest.mark.parametrize(
    "content",
    [
        *(
            "",
            "{",
            "[]",
            "null",
            '{"run": 3}',
            '{"run": {}}',
            '{"run": {"method": 1}}',
            "\x00",
            "[" * 100_000,
        ),
        '{"run": {"method": "cpc", "settings": [], "tokenizer": {}, "training": {}}}',
    ],
)
def test_a_damaged_run_file_is_an_input_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "run.json").write_text(content)
    with refuses(place="run.json"):
        read_run(tmp_path)


def test_the_advice_for_a_damaged_run_file_works(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(SETTINGS)
    (run.path / "run.json").write_text('{"run": ')
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"remove the folder .*run to start again"):
            run.open(SETTINGS, overwrite)
    shutil.rmtree(run.path)
    run.open(SETTINGS)


def of_the_first_format(run: RunFolder) -> None:
    """Take the version from run.json."""
    content = json.loads((run.path / "run.json").read_text())
    del content["format_version"]
    (run.path / "run.json").write_text(json.dumps(content))


def test_a_run_of_an_older_format_is_refused_with_the_command_that_remakes_it(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(RUN)
    assert read_run(run.path) == RUN
    of_the_first_format(run)
    before = (run.path / "run.json").read_bytes()
    for refused in (lambda: read_run(run.path), lambda: run.open(RUN)):
        with pytest.raises(InputError) as error:
            refused()
        command = f"sentrep train quick-thought --corpus here --out {run.path} --overwrite"
        assert str(run.path / "run.json") in str(error.value)
        assert command in str(error.value)
    assert (run.path / "run.json").read_bytes() == before


def test_a_run_of_an_older_format_can_be_overwritten(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(RUN)
    run.log(1, {"loss": 1.0})
    of_the_first_format(run)
    run.open(RUN, overwrite=True)
    assert read_run(run.path) == RUN
    assert run.history() == []


def test_differences_of_lists_and_missing_keys() -> None:
    assert differences({"a": [1, 2]}, {"a": [1, 3]}) == {"a": ([1, 2], [1, 3])}
    assert differences({"a": 1}, {}) == {"a": (1, None)}
    assert differences({"a": {"b": 1}}, {"a": 3}) == {"a": ({"b": 1}, 3)}
    assert differences({"a": 1.0, "b": None}, {"a": 1.0}) == {}


def test_overwriting_removes_a_run_and_nothing_else(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(SETTINGS)
    run.log(1, {"loss": 1.0})
    run.save_checkpoint(3, {"w": torch.ones(2)}, {"step": 3})
    run.model.mkdir()
    (run.model / "modules.json").write_text("[]")
    (run.path / "notes.txt").write_text("mine")
    run.open({"method": "other"}, overwrite=True)
    assert (run.path / "notes.txt").read_text() == "mine"
    assert json.loads((run.path / "run.json").read_text())["run"] == {"method": "other"}
    assert run.history() == []
    assert not run.model.exists()
    assert run.load_checkpoint(print) is None


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path, overwrite: bool) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.tex").write_text("years of work")
    with refuses(setting="out"):
        RunFolder(tmp_path).open(SETTINGS, overwrite)
    (tmp_path / "run.json").write_text('{"program": "another"}')
    with refuses(setting="out", place="run.json" if overwrite else tmp_path):
        RunFolder(tmp_path).open(SETTINGS, overwrite)
    (tmp_path / "run.json").write_text('{"program": ')
    with refuses(place="run.json"):
        RunFolder(tmp_path).open(SETTINGS, overwrite)
    assert (tmp_path / "model" / "thesis.tex").read_text() == "years of work"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with refuses(setting="out", place="file"):
        RunFolder(tmp_path / "file").open(SETTINGS, overwrite=True)
    assert (tmp_path / "file").read_text() == "x"


def test_a_run_killed_while_it_was_begun_can_begin(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    (run.path / ".run.json.4711.partial").write_text('{"run": ')
    run.open(SETTINGS)
    for folder in (run.logs, run.checkpoints):
        folder.rmdir()
    run.open(SETTINGS)
    assert run.logs.is_dir()


def state(value: float) -> dict[str, torch.Tensor]:
    return {"weight": torch.full((1000,), value)}


def three_checkpoints(tmp_path: Path) -> RunFolder:
    run = RunFolder(tmp_path / "run")
    run.open(SETTINGS)
    for step in (3, 6, 9):
        run.save_checkpoint(step, state(step), {"step": step})
    return run


def test_the_newest_two_checkpoints_are_kept(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["step-00000006", "step-00000009"]
    loaded = run.load_checkpoint(pytest.fail)
    assert loaded is not None
    assert loaded[1] == {"step": 9}
    assert torch.equal(loaded[0]["weight"], state(9)["weight"])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut(file: Path, bytes_left: int) -> None:
    os.truncate(file, bytes_left)


@pytest.mark.parametrize(
    "damage",
    ["empty", "half", "no header", "no state", "broken state", "no weights", "other weights", "other state"],
)
def test_a_damaged_checkpoint_gives_way_to_the_one_before_it(tmp_path: Path, damage: str) -> None:
    run = three_checkpoints(tmp_path)
    newest = run.checkpoints / "step-00000009"
    weights, entry = newest / "state.safetensors", newest / "state.json"
    {
        "empty": lambda: cut(weights, 0),
        "half": lambda: cut(weights, weights.stat().st_size // 2),
        "no header": lambda: cut(weights, 5),
        "no weights": weights.unlink,
        "no state": entry.unlink,
        "broken state": lambda: cut(entry, 3),
        "other weights": lambda: flip(weights),
        "other state": lambda: entry.write_text(entry.read_text().replace('"step": 9', '"step": 8')),
    }[damage]()
    said: list[str] = []
    loaded = run.load_checkpoint(said.append)
    assert loaded is not None
    assert loaded[1] == {"step": 6}
    assert len(said) == 1
    assert str(newest) in said[0]


def test_without_a_whole_checkpoint_nothing_is_begun_anew_by_itself(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    for file in run.checkpoints.rglob("*.safetensors"):
        cut(file, 10)
    with refuses(setting="overwrite", place="checkpoints"):
        run.load_checkpoint(lambda line: None)


def test_leftovers_of_a_kill_are_swept(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    (run.checkpoints / ".step-00000012.77.partial").mkdir()
    (run.checkpoints / ".step-00000012.77.partial" / "state.safetensors").write_text("x")
    (run.checkpoints / ".best.safetensors.77.partial").write_text("x")
    run.sweep()
    assert sorted(path.name for path in run.checkpoints.iterdir()) == ["step-00000006", "step-00000009"]


def test_the_best_weights_and_damage_to_them(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    assert run.load_best() is None
    run.save_best(state(4))
    run.save_best(state(5))
    best = run.load_best()
    assert best is not None
    assert torch.equal(best["weight"], state(5)["weight"])
    cut(run.checkpoints / "best.safetensors", 20)
    with refuses(place="best.safetensors"):
        run.load_best()


def test_the_log_survives_a_line_cut_short_and_forgets_what_is_done_again(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    for step in range(1, 6):
        run.log(step, {"loss": 1 / step})
    file = run.logs / "metrics.jsonl"
    cut(file, file.stat().st_size - 4)
    assert [line["step"] for line in run.history()] == [1, 2, 3, 4]
    run.forget_after(2)
    run.log(3, {"loss": 0.5})
    assert [(line["step"], line["loss"]) for line in run.history()] == [(1, 1.0), (2, 0.5), (3, 0.5)]


def test_weights_that_share_memory_are_saved(tmp_path: Path) -> None:
    run = three_checkpoints(tmp_path)
    tied = torch.arange(6.0)
    run.save_checkpoint(12, {"a": tied, "b": tied, "c": tied.view(2, 3).T}, {"step": 12})
    loaded: Any = run.load_checkpoint(pytest.fail)
    assert torch.equal(loaded[0]["b"], tied)
    assert torch.equal(loaded[0]["c"], tied.view(2, 3).T)


def test_replacing_a_run_removes_the_link_to_its_model(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.open(SETTINGS)
    for name in ("modules.json", "config_sentence_transformers.json"):
        (run.path / name).write_text("[]")
    run.open(SETTINGS, overwrite=True)
    assert not (run.path / "modules.json").exists()
    assert not (run.path / "config_sentence_transformers.json").exists()
