"""The shared table of small inputs: what reading must make of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.data.reading.report import Kind
from tests.data.reading.readers import pieces_of, sentences_of, texts_of
from tests.paths import SHARED

CASES = SHARED / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not beside this checkout")


def line(where: str) -> int:
    return int(where.split(":")[1])


def test_broken_records_are_counted_by_kind_and_line() -> None:
    pieces, report = pieces_of(CASES / "broken.jsonl")
    assert [piece.id for piece in pieces] == ["a", "a (2)"]
    assert {kind: list(map(line, found)) for kind, found in report.examples.items()} == {
        Kind.WRONG_JSON: [2],
        Kind.NO_LETTER: [3, 8],
        Kind.NOT_A_STRING: [4],
        Kind.EMPTY_TEXT: [5],
        Kind.NO_TEXT_FIELD: [6],
        Kind.SAME_ID: [7],
    }
    assert len(report.lines()) == 6


def test_each_headline_is_a_text_and_the_layout_is_named() -> None:
    texts, report = texts_of(CASES / "headlines.txt")
    assert texts == (CASES / "headlines.txt").read_text().splitlines()
    assert [line for line in report.lines(command_line=True) if "headlines.txt" in line and "--split" in line]


def test_a_stray_quotation_mark_costs_no_row() -> None:
    pieces, report = pieces_of(CASES / "quote.csv")
    assert [piece.id for piece in pieces] == list("123456")
    assert pieces[1].text == '"A 5"" screen is small.'
    assert list(map(line, report.examples[Kind.STRAY_QUOTE])) == [3]


def test_markdown_is_read_without_its_marks(tmp_path: Path) -> None:
    assert sentences_of(CASES / "list.md")[0] == ["Wash the rice.", "Boil the water.", "Add salt and stir."]
    sentences, report = sentences_of(CASES / "notes.md")
    assert sentences[:3] == ["He said stop.", "Then he left.", "Really?"]
    assert not [sentence for sentence in sentences if set("*#|<>`[]") & set(sentence)]
    for kept in ("speed", "20 kg", "Welcome.", "Buy milk", "The footnote text.", "Run it."):
        assert any(kept in sentence for sentence in sentences)
    for gone in ("author", "TODO", "example.org", "here(1)"):
        assert not any(gone in sentence for sentence in sentences)
    assert report.left_out["code"] == len("indented code = here(1)\n")
