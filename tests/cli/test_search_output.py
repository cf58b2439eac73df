"""What `sentrep search` prints, and where."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import sentrep
from sentrep.cli.main import main
from sentrep.cli.options import LINES
from sentrep.cli.search import search
from sentrep.cli.texts import lines_of
from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.static import static_encoder
from tests.errors import refuses
from tests.pages import TOPICS, page, saved

SIGNS = ("\u2028", "\u2029", "\x85")
Shown = Callable[..., tuple[str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of documents, DOCS, and an index of vectors, VECTORS."""
    made = tmp_path_factory.mktemp("search")
    tokenizer = Tokenizer.train([page(topic, 2) for topic in TOPICS], TokenizerConfig("word", vocab=500))
    vectors = torch.randn(tokenizer.vocab_size, 24, generator=torch.Generator().manual_seed(0))
    vectors[tokenizer.encode("龘")] = 0  # no vector for unknown words
    model = saved(static_encoder(tokenizer, vectors), made / "model")
    (made / "docs" / "below").mkdir(parents=True)
    for topic in TOPICS:
        (made / "docs" / "below" / f"{topic}.md").write_text(page(topic, 2))
    records = [
        {"id": f"r{number}", "text": f"chess text number {number}{sign}2 and so on.", "colour": "red"}
        for number, sign in enumerate(SIGNS)
    ]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (made / "docs" / "records.jsonl").write_text(lines, encoding="utf-8")
    sentrep.index(model, made / "DOCS", input=made / "docs")
    texts = [record["text"] for record in records]
    sentrep.build_index(model, texts, made / "VECTORS")
    return made


@pytest.fixture
def shown(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shown:
    """Runs a search in the folder; gives standard output and standard error."""
    monkeypatch.chdir(place)

    def run(*words: str, status: int = 0) -> tuple[str, str]:
        capsys.readouterr()
        assert main(["search", *words]) == status
        return tuple(capsys.readouterr())  # type: ignore[return-value]

    return run


def records(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.split("\n") if line]


@pytest.mark.parametrize("index", ["DOCS", "VECTORS"])
def test_json_of_queries_in_a_file_is_one_line_a_hit(index: str, place: Path, shown: Shown) -> None:
    (place / "queries.txt").write_text("chess text number\nnumber 2\n")
    out, _ = shown(index, "--queries", "queries.txt", "--json", "--k", "9")
    found = records(out)
    assert {record["query"] for record in found} == {"chess text number", "number 2"}
    assert {sign for record in found for sign in SIGNS if sign in record["text"]} == set(SIGNS)


@pytest.mark.parametrize(
    "asked", [("DOCS", "龘"), ("VECTORS", "龘"), ("DOCS", "chess", "--filter", "title=none")]
)
def test_with_json_a_message_goes_to_standard_error(
    asked: tuple[str, ...], place: Path, shown: Shown
) -> None:
    out, told = shown(*asked, "--json")
    assert out == ""
    assert len(told.splitlines()) == 1
    assert shown(*asked) == (told, "")
    (place / "one.txt").write_text(asked[1], encoding="utf-8")
    listed = asked[0], "--queries", "one.txt", *asked[2:]
    out, told_with_query = shown(*listed, "--json")
    assert out == ""
    assert told_with_query == f"{asked[1]}: {told}"


@pytest.mark.parametrize("index", ["DOCS", "VECTORS"])
def test_with_json_standard_output_has_no_prompt(
    index: str, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("龘\nchess\n"))
    out, told = shown(index, "--json", "--k", "1")
    assert len(records(out)) == 1
    assert "no known words" in told
    assert "An empty line ends" in told


@pytest.mark.parametrize("index", ["DOCS", "VECTORS"])
def test_each_line_of_queries_has_an_answer(index: str, place: Path, shown: Shown) -> None:
    long = "chess " * 500
    (place / "queries.txt").write_text(f"???\nchess\n\n--\n{long}\n")
    out, _ = shown(index, "--queries", "queries.txt", "--k", "1")
    assert [line[2:] for line in out.split("\n") if line.startswith("> ")] == [
        "???", "chess", "--", long.strip()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "value"), [("mode", "lexical"), ("filter", ("a=b",)), ("smooth", True), ("repeats", True)]
)
def test_an_index_of_vectors_refuses_each_setting_of_an_index_of_files_by_its_name(
    setting: str, value: object, place: Path
) -> None:
    given: dict[str, Any] = {setting: value}
    with refuses(setting=setting):
        search(place / "VECTORS", ("chess",), **given)


def test_a_file_is_named_by_the_end_of_its_path(place: Path, shown: Shown) -> None:
    file = place / "docs" / "below" / "chess.md"
    for name in ("chess.md", "below/chess.md", "docs/below/chess.md", "docs/../docs/below/chess.md", file):
        out, _ = shown("DOCS", "text", "--json", "--filter", f"file={name}")
        assert {record["file"] for record in records(out)} == {str(file.resolve())}, name
    for name in ("hess.md", "other/chess.md", "*.md", "chess", ".", "", "/chess.md"):
        out, told = shown("DOCS", "text", "--json", "--filter", f"file={name}")
        assert out == "", name
        assert "nothing found" in told


def test_a_field_that_no_document_has_is_told_with_those_there_are(shown: Shown) -> None:
    out, _ = shown("DOCS", "text", "--json", "--filter", "colour=red", "id=r1")
    assert {record["document"] for record in records(out)} == {"r1"}
    for filters in (["color=red"], ["colour=red", "color=red"]):
        out, _ = shown("DOCS", "chess", "--filter", *filters)
        assert out.split(";") == [
            "nothing found: no document has the field 'color'", " fields are id, title, file, colour\n"
        ]  # fmt: skip
    for value in ("None", ""):
        out, told = shown("DOCS", "text", "--json", "--filter", f"colour={value}")
        assert (out, told) == ("", "nothing found: no document with these fields fits the query\n")


@pytest.mark.parametrize("filters", [["n=5", "n=6"], ["n"], ["=5"]])
def test_filters_that_cannot_be_are_errors(filters: list[str], shown: Shown) -> None:
    out, told = shown("DOCS", "chess", "--filter", *filters, status=1)
    assert out == ""
    assert "--filter" in told


def test_lines_without_a_letter_are_counted_where_they_are_left_out(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    (tmp_path / "a.txt").write_text("One line.\n???\n\nTwo.  Three.\n--\n")
    assert lines_of((str(tmp_path / "a.txt"),), LINES) == ["One line.", "Two. Three."]
    assert [str(warning.message) for warning in recwarn] == [
        "left out: lines without a letter or digit: 2 (???, …)"
    ]
