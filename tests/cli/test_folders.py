"""Folders that are not those a command needs: what is said, and that it is said in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import sentrep
from sentrep.cli.main import main
from tests.pages import TOPICS, page, saved, word_encoder


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model, a text, an index in a folder as `sentrep build` makes it, and a file."""
    made = tmp_path_factory.mktemp("folders")
    model = saved(word_encoder(), made / "model")
    (made / "run").mkdir()
    saved(word_encoder(), made / "run" / "model")
    (made / "text.md").write_text(page(TOPICS[0], 2))
    (made / "out").mkdir()
    sentrep.index(model, made / "out" / "index", input=made / "text.md")
    sentrep.build_index(model, ["one", "two"], made / "vectors" / "index")
    (made / "file").touch()
    return made


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("search model words", "make one with `sentrep index`"),
        ("remove out/index", "give --id ID or --file FILE"),
        ("index model --out i", "model is a model: give --input FILES"),
        ("index run --out i", "run is a model: give --input FILES"),
        ("index minilm --out i", "minilm is a model: give --input FILES"),
        ("index nobody/model --out i", "if it is a model, give --input FILES"),
        ("index out --out i", "sentrep embed"),
        ("embed model --input text.md --out file/i", "file/i cannot be made"),
        ("embed model --input text.md --out file/deeper/i", "file/deeper/i cannot be made"),
        ("index model --input text.md --out file/i", "file/i cannot be made"),
        ("index model --input text.md --out /proc/nothing/i", "/proc/nothing/i cannot be made"),
    ],
)
def test_a_wrong_folder_is_one_line(
    command: str, told: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert main(command.split()) == 1
    out, error = capsys.readouterr()
    assert out == ""
    assert told in error
    assert len(error.splitlines()) == 1


@pytest.mark.parametrize(
    "command", ["search out words", "search vectors words", "update out text.md", "add out text.md"]
)
def test_the_folder_around_an_index_stands_for_it(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    assert main(command.split()) == 0
    assert not capsys.readouterr().err.startswith("sentrep:")


def test_what_build_made_opens_in_python(place: Path) -> None:
    assert len(sentrep.open_index(place / "out")) == len(sentrep.open_index(place / "out" / "index")) > 0
    assert sentrep.search(place / "vectors", "one", k=1)[0].text == "one"
    assert not (place / "i").exists()


def test_right_folders_are_taken(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    for command in (
        "search out/index cooking", "add out/index text.md", "update out/index text.md",
        "remove out/index --file text.md", "embed model --input text.md --out v", "index v --out made",
    ):  # fmt: skip
        assert main(command.split()) == 0, command


def test_documents_are_removed_from_an_index_whose_model_was_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = saved(word_encoder(), tmp_path / "model")
    (tmp_path / "text.md").write_text(page(TOPICS[0], 2))
    sentrep.index(model, tmp_path / "index", input=tmp_path / "text.md")
    model.rename(tmp_path / "moved")
    command = ["remove", str(tmp_path / "index"), "--id", "text.md"]
    assert main(command) == 1
    assert "--model" in capsys.readouterr().err
    assert main([*command, "--model", str(tmp_path / "moved")]) == 0
    assert "removed 2 passages" in capsys.readouterr().out


def test_a_question_that_is_no_text_is_asked_as_it_can_be_read(tmp_path: Path) -> None:
    """Bytes of Latin-1 on the standard input of an interactive search."""
    (tmp_path / "text.md").write_text(page(TOPICS[0], 2))
    sentrep.index(saved(word_encoder(), tmp_path / "model"), tmp_path / "index", input=tmp_path / "text.md")
    command = [sys.executable, "-m", "sentrep", "search", str(tmp_path / "index")]
    done = subprocess.run(command, input=b"caf\xe9 text\n", capture_output=True, check=True)
    assert b"text.md" in done.stdout
