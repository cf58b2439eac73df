"""Every `sentrep` command of the pages is one that the real parser accepts; nothing is run."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from sentrep.cli import main as cli
from sentrep.methods.registry import METHODS
from sentrep.utils.errors import InputError
from tests.docs.pages import DOCS, PAGES, commands
from tests.paths import ROOT

FOUND = [(page, words) for page in PAGES for words in commands(page)]


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands are parsed, and the result is thrown away."""
    parse = cli.parsed

    def only_parsed(*arguments: object) -> object:
        parse(*arguments)  # type: ignore[arg-type]
        return lambda: 0

    monkeypatch.setattr(cli, "parsed", only_parsed)


def test_the_pages_have_commands() -> None:
    verbs = {words[1] for _, words in FOUND}
    assert {"train", "embed", "index", "search", "eval", "compare", "report", "parse"} <= verbs
    assert len(FOUND) > 60


@pytest.mark.parametrize("method", METHODS)
def test_each_method_has_a_page_that_shows_how_to_train_it(method: str) -> None:
    assert any(words[1:3] == ["train", method] for page, words in FOUND if page in DOCS)


@pytest.mark.parametrize(
    ("page", "words"),
    FOUND,
    ids=lambda value: value.name if isinstance(value, Path) else " ".join(value)[:60],
)
def test_the_parser_accepts_the_command(
    page: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        assert cli.main(words[1:]) == 0
    except SystemExit as end:
        error = capsys.readouterr().err
        pytest.fail(f"{page.relative_to(ROOT)}: {' '.join(words)}: {error or end.code}")


def test_a_wrong_command_is_noticed() -> None:
    assert inspect.signature(cli.parsed)
    with pytest.raises((SystemExit, InputError)):
        cli.main(["embed", "run", "--input", "a", "--out", "b", "--no-such-option", "1"])
