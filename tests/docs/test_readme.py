"""Every snippet of the README runs, in order, on a folder of books."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from sentrep.cli import main as cli
from tests import toy
from tests.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with books/ in it: toy documents as prose, some to a book."""
    folder = tmp_path_factory.mktemp("shelf")
    (folder / "books").mkdir()
    documents = toy.documents(200)
    for number in range(0, 200, 5):
        prose = "\n\n".join(
            " ".join(f"{' '.join(words).capitalize()}." for words in document)
            for document in documents[number : number + 5]
        )
        (folder / "books" / f"{number:03}.txt").write_text(prose + "\n", encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def inside(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shelf)
    monkeypatch.setenv("SENTREP_CACHE", str(shelf / "cache"))


def test_the_two_commands_are_there_and_can_be_run() -> None:
    commands = [line.split()[0] for line in blocks("bash")[0].splitlines()]
    assert commands == ["scripts/quickstart", "scripts/test"]
    assert all(os.access(ROOT / command, os.X_OK) for command in commands)


@pytest.mark.parametrize("number", range(len(blocks("bash")) - 1))
def test_the_command_line_does_what_it_says(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    for line in blocks("bash")[1 + number].splitlines():
        words = shlex.split(line, comments=True)
        if words:
            assert words[0] == "sentrep"
            extra = ["--epochs", "1", "--tracker", "none"] if words[1] == "train" else []
            assert cli.main(words[1:] + extra) == 0, line
    assert "next sentence" in capsys.readouterr().out


@pytest.mark.parametrize("snippet", blocks("python"))
def test_the_python_runs(snippet: str, capsys: pytest.CaptureFixture[str]) -> None:
    # The command line has trained into runs/qt with other settings already; a reader would do one or the
    # other.
    exec(compile(snippet.replace("runs/", "python/"), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    found = [line for line in printed.splitlines() if re.match(r"-?[01]\.\d\d ", line)]
    assert len(found) == 2
    assert all(name in printed for name in ("python/qt", "bm25", "next sentence"))


def test_every_file_the_readme_and_the_docs_point_to_exists() -> None:
    for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} points to {target}"
