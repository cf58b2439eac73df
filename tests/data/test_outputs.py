"""Files that would take the place of what a command reads are refused before it reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sentrep
from sentrep.data.config import CorpusConfig
from sentrep.data.outputs import check_outputs
from tests.errors import refuses

LINES = "id,text\n1,The ship left.\n2,The ship left.\n3,A cook came.\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("texts").mkdir()
    for name in ("a.csv", "texts/b.csv"):
        Path(name).write_text(LINES, encoding="utf-8")
    Path("link.csv").symlink_to("a.csv")


@pytest.mark.parametrize("read", ["a.csv", Path("a.csv"), ["texts", "a.csv"], CorpusConfig(("a.csv",))])
@pytest.mark.parametrize("out", ["a.csv", "texts/../a.csv", "link.csv"])
def test_a_file_that_is_read_is_not_replaced(read: Any, out: str) -> None:
    with refuses(setting="out"):
        check_outputs([None, read], out=out)


def test_a_file_of_a_folder_that_is_read_is_not_replaced() -> None:
    with refuses(setting="out"):
        check_outputs(["texts"], out="texts/b.csv")
    check_outputs(["texts"], out="texts/new.csv")


def test_a_folder_and_a_file_named_twice_are_refused() -> None:
    with refuses(setting="out"):
        check_outputs([], out="texts")
    with refuses(setting="drop"):
        check_outputs([], out="new.csv", drop="./new.csv")


def test_texts_in_memory_are_no_files() -> None:
    check_outputs([["x" * 100_000, "a\0b", "b"], iter(["a.csv"]), None, 3], out="a.csv")


@pytest.mark.parametrize(
    ("verb", "arguments", "options", "setting"),
    [
        ("duplicates", ["a.csv"], {"out": "a.csv"}, "out"),
        ("duplicates", ["a.csv"], {"drop": "a.csv"}, "drop"),
        ("duplicates", ["a.csv"], {"out": "x.csv", "drop": "x.csv"}, "drop"),
        ("clusters", ["a.csv"], {"out": "a.csv"}, "out"),
        ("clusters", ["a.csv"], {"out": "x.csv", "save": "x.csv"}, "save"),
        ("clusters", ["a.csv"], {"save": "texts"}, "save"),
        ("anomalies", ["a.csv", "texts"], {"out": "a.csv"}, "out"),
        ("terms", ["texts"], {"out": "texts/b.csv"}, "out"),
        ("report", [], {"corpus": "a.csv", "out": "a.csv"}, "out"),
    ],
)
def test_each_command_refuses_it_before_it_reads(
    verb: str, arguments: list[str], options: dict[str, str], setting: str
) -> None:
    with refuses(setting=setting):
        getattr(sentrep, verb)(*arguments, **options)
    assert Path("a.csv").read_text(encoding="utf-8") == LINES
    assert Path("texts/b.csv").read_text(encoding="utf-8") == LINES
    assert not Path("x.csv").exists()
