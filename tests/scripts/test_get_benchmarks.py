"""scripts/get_benchmarks.py on small files in the format of the sources: layout, checks, and what is kept."""

from __future__ import annotations

import importlib
import io
import json
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from sentrep.data.trees.brackets import read_trees
from sentrep.evaluation.suite import suites, tasks_from
from tests.paths import SCRIPTS, SHARED_DATA

STS = 'A man is dancing.,"A man, dancing.",5.0\nA cow eats.,A dog runs.,0.25\n'
WIKITEXT = (
    " \n = A Lobster = \n \n It is 0 @.@ 5 m long . \n = = Ecology = = \n It eats . \n"
    " \n = Frank = \n He is well @-@ known . \n"
)
ABSTRACTS = "to title\t 一种方法。\t方法\nto title\t结果。\t结果\n"
TREE = "( (S (NP (NN loss)\n (-NONE- *))\n (VP (VBD fell))) )\n"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("get_benchmarks")


def archive() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as made:
        for number in range(1, 200):
            made.writestr(f"treebank/combined/wsj_{number:04}.mrg", TREE * 2)
    return content.getvalue()


def fetch(address: str) -> bytes:
    name = Path(address).name
    if name.endswith(".zip"):
        return archive()
    return {"csv": STS, "txt": WIKITEXT, "tsv": ABSTRACTS}[name.rsplit(".", 1)[1]].encode()


def small(script: Any) -> dict[str, Any]:
    """The data sets with as many records as the small files have."""
    counts = {"train.trees": 318, "dev.trees": 40, "test.trees": 40}
    return {
        name: data._replace(
            files=tuple(file._replace(records=counts.get(file.name, 2)) for file in data.files)
        )
        for name, data in script.SETS.items()
    }


def test_what_is_written_is_read_by_the_evaluation(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "SETS", small(script))
    assert script.main([str(tmp_path / "data")], fetch) == 0
    assert (tmp_path / "data/sts-b/dev.tsv").read_text().splitlines()[1:] == [
        "5\tA man is dancing.\tA man, dancing.",
        "0.25\tA cow eats.\tA dog runs.",
    ]
    [task] = tasks_from(tmp_path / "data/sts-b")
    assert task.split == "test"
    [task] = tasks_from(tmp_path / "data/summ-zh-csl-title")
    assert task.split == "test"
    assert read_trees(tmp_path / "data/trees-ptb-sample/test.trees")[0].words == ("loss", "fell")


def test_wikitext_is_cut_into_articles_without_headings(script: Any) -> None:
    lobster, frank = map(json.loads, script.articles(WIKITEXT.encode()))
    assert lobster["title"] == "A Lobster"
    assert lobster["text"] == "It is 0.5 m long .\n\nIt eats ."
    assert frank["text"] == "He is well-known ."


def test_an_incomplete_source_leaves_no_folder(script: Any, tmp_path: Path, capsys: Any) -> None:
    assert script.main([str(tmp_path), "--only", "sts-b"], fetch) == 1
    assert "stsb-en-train.csv" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_failed_download_is_reported_and_the_others_go_on(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "SETS", small(script))

    def broken(address: str) -> bytes:
        if "stsb" in address:
            raise OSError("no network")
        return fetch(address)

    assert script.main([str(tmp_path / "data")], broken) == 1
    assert not (tmp_path / "data/sts-b").exists()
    assert (tmp_path / "data/trees-ptb-sample/dev.trees").exists()


def test_existing_folders_are_kept(script: Any, tmp_path: Path) -> None:
    (tmp_path / "sts-b").mkdir()
    assert script.main([str(tmp_path), "--only", "sts-b"], lambda address: pytest.fail(address)) == 0


def test_every_data_set_belongs_to_a_suite(script: Any) -> None:
    listed = "".join(file.read_text() for file in suites().values())
    assert all(f'path = "{name}"' in listed for name in script.SETS)


def test_counts_agree_with_the_copies_that_the_results_were_measured_on(script: Any) -> None:
    if not SHARED_DATA.exists():
        pytest.skip(f"{SHARED_DATA} is absent")
    for name, data in script.SETS.items():
        for file in data.files:
            if file.name.endswith((".tsv", ".trees")):
                lines = (SHARED_DATA / name / file.name).read_text(encoding="utf-8").splitlines()
                assert len(lines) - file.name.endswith(".tsv") == file.records, f"{name}/{file.name}"


@pytest.mark.slow
def test_the_command_lists_licences() -> None:
    listed = subprocess.run(
        [SCRIPTS / "get_benchmarks", "--list"], capture_output=True, text=True, check=True
    )
    assert "CC BY-SA 4.0" in listed.stdout
