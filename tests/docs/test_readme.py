"""Every snippet of the README runs, in order, on a folder of books."""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pytest

from sentrep.cli import main as cli
from tests import toy
from tests.docs.pages import PAGES, blocks
from tests.paths import ROOT

README = ROOT / "README.md"
BASH = blocks(README, "bash")
VERBS = [block for block in BASH if block.startswith("sentrep ")]
HIT = re.compile(r" ?-?[01]\.\d{3}  \S+  \S.*")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with books/ in it: toy documents as prose, five to a book."""
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


def test_the_two_commands_can_be_run() -> None:
    [block] = [block for block in BASH if block.startswith("scripts/")]
    commands = [line.split()[0] for line in block.splitlines()]
    assert commands == ["scripts/quickstart", "scripts/test"]
    assert all(os.access(ROOT / command, os.X_OK) for command in [*commands, "scripts/get_benchmarks"])


@pytest.mark.slow
def test_the_commands_run_in_the_order_of_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    """One test: later commands read what earlier ones wrote."""
    printed: dict[str, list[str]] = {}
    for line in "".join(VERBS).splitlines():
        words = shlex.split(line, comments=True)
        extra = ["--epochs", "1", "--tracker", "none"] if words[1] == "train" else []
        if words[1] == "search":
            words[3] = "topic1word1 common2"  # toy text knows no other words
        assert cli.main(words[1:] + extra) == 0, line
        printed.setdefault(words[1], []).append(capsys.readouterr().out)
    assert "next sentence" in printed["eval"][0]
    sentences, passages = printed["search"]
    assert len(hit_lines(sentences)) == 3
    assert all(map(HIT.fullmatch, hit_lines(sentences))), sentences
    assert re.findall(r"^ (\d)\.", passages, re.MULTILINE) == ["1", "2", "3"]


def test_a_search_hit_looks_as_the_page_shows_it() -> None:
    [shown] = blocks(README, "text")
    assert all(map(HIT.fullmatch, hit_lines(shown)))
    assert max(map(len, shown.splitlines())) <= 100


def hit_lines(printed: str) -> list[str]:
    """The first line of each hit; further lines of its text are indented."""
    return [line for line in printed.splitlines() if not line.startswith(" " * 8)]


@pytest.mark.slow
@pytest.mark.parametrize("snippet", blocks(README, "python"))
def test_the_python_runs(snippet: str, capsys: pytest.CaptureFixture[str]) -> None:
    # The command line has written to runs/qt with other settings; a reader would do one or the other.
    exec(compile(snippet.replace("runs/", "python/"), "README.md", "exec"), {})
    printed = capsys.readouterr().out
    found = [line for line in printed.splitlines() if re.match(r"-?[01]\.\d\d ", line)]
    assert len(found) == 2
    assert all(name in printed for name in ("python/qt", "bm25", "next sentence"))


def anchors(page: Path) -> set[str]:
    """Anchors of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        target, _, anchor = link.partition("#")
        if target.startswith("http"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name} points to {target}"
        assert not anchor or anchor in anchors(file), f"{page.name} points to {link}"


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").glob("*.png")), ids=lambda path: path.name)
def test_pictures_are_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size < 200_000
    assert f"docs/images/{picture.name}" in README.read_text(encoding="utf-8")
