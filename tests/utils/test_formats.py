"""Formats of runs and models: what is refused, and the command that makes it again."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from sentrep.utils.errors import InputError
from sentrep.utils.formats import RUN, check_run, training_command

RECORD = {"method": "cpc", "corpus": {"corpus": ["my books/", "more.txt"]}}


def write(run: Path, content: Any) -> Path:
    run.mkdir(parents=True, exist_ok=True)
    (run / "run.json").write_text(json.dumps(content))
    return run


def test_the_command_names_method_corpus_and_folder(tmp_path: Path) -> None:
    run = write(tmp_path / "a run", {"run": RECORD})
    words = shlex.split(training_command(run))
    given = ["--corpus", "my books/", "more.txt", "--out", str(run), "--overwrite"]
    assert words == ["sentrep", "train", "cpc", *given]


def test_the_command_names_a_method_as_it_is_called_now(tmp_path: Path) -> None:
    run = write(tmp_path / "run", {"run": RECORD | {"method": "tree"}})
    assert training_command(run).startswith("sentrep train urnng --corpus ")


@pytest.mark.parametrize("corpus", [None, {}, {"corpus": None}, {"corpus": []}, {"corpus": "books"}, 3])
def test_a_corpus_that_is_not_known_is_left_out(tmp_path: Path, corpus: Any) -> None:
    run = write(tmp_path / "run", {"run": {"method": "cpc", "corpus": corpus}})
    assert training_command(run) == f"sentrep train cpc --out {run} --overwrite"


@pytest.mark.parametrize("content", [[], {}, {"run": None}, {"run": {}}, {"run": {"method": 3}}])
def test_a_method_that_is_not_known_is_left_out(tmp_path: Path, content: Any) -> None:
    assert training_command(write(tmp_path, content)) == RUN.remake


@pytest.mark.parametrize(
    "version", [None, 0, 1, RUN.format_version + 1, str(RUN.format_version), True, 2.0, []]
)
def test_a_run_of_another_format_is_refused(tmp_path: Path, version: Any) -> None:
    run = write(tmp_path, {"format_version": version, "run": RECORD})
    with pytest.raises(InputError) as error:
        check_run(run)
    assert str(run / "run.json") in str(error.value)
    assert training_command(run) in str(error.value)


def test_a_run_without_a_version_is_refused_and_one_of_this_format_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        check_run(write(tmp_path / "old", {"run": RECORD}))
    check_run(write(tmp_path / "new", {"format_version": RUN.format_version, "run": RECORD}))


@pytest.mark.parametrize("content", [[], {}, {"run": 3}, {"program": "another"}])
def test_what_is_no_run_is_left_to_its_reader(tmp_path: Path, content: Any) -> None:
    check_run(write(tmp_path, content))
    check_run(tmp_path / "nowhere")
