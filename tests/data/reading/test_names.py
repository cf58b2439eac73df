"""Standard input, and names that no file can have."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.data.reading.source import check_names
from tests.data.reading.readers import pieces_of
from tests.errors import refuses


def given(
    monkeypatch: pytest.MonkeyPatch, data: bytes, **options: object
) -> tuple[list[tuple[str, str]], ReadReport]:
    """Ids and texts of what is on standard input."""
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    pieces, report = pieces_of("-", **options)
    return [(piece.id, piece.text) for piece in pieces], report


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n  "])
def test_an_array_on_standard_input_is_read(
    monkeypatch: pytest.MonkeyPatch, indent: int | None, start: str
) -> None:
    rows = [{"id": 4, "body": "One."}, {"body": "Two."}]
    data = (start + json.dumps(rows, indent=indent)).encode()
    found, report = given(monkeypatch, data, text_field="body")
    assert found == [("4", "One."), ("stdin#2", "Two.")]
    assert report.clean
    assert not report.assumed
    with refuses(setting="text_field", place="standard input") as caught:
        given(monkeypatch, data)
    assert "'body'" in str(caught.value)


def test_a_damaged_array_on_standard_input_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    found, report = given(monkeypatch, b'[{"text": "One."},\n {"text" "Two."}]')
    assert [text for _, text in found] == ["One."]
    assert report.problems == {Kind.WRONG_JSON: 1}
    with refuses(place="standard input:2"):
        given(monkeypatch, b'\n[{"text" "Two."}]')


@pytest.mark.parametrize("text", ["Words.", "[1] A footnote.", "[1, 2]", "(a) b"])
def test_anything_else_is_plain_text_and_that_is_noted(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    found, report = given(monkeypatch, text.encode())
    assert found == [("stdin", text)]
    ((layout, places),) = report.assumed.items()
    assert "plain text" in layout
    assert places == ["standard input"]


@pytest.mark.parametrize("name", ["", " ", "word " * 112, "/".join(["a" * 300] * 3), "a\0b"])
def test_names_that_no_file_can_have_are_refused(name: str) -> None:
    with refuses(setting="corpus"):
        check_names(CorpusConfig((name,)))
    with refuses(setting="corpus"):
        pieces_of(name)


def test_a_home_folder_that_does_not_exist_is_a_missing_file() -> None:
    with refuses(place="~nobody-here/x"):
        check_names(CorpusConfig(("~nobody-here/x",)))


def test_names_beside_an_empty_one_do_not_hide_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Words.")
    with refuses(setting="corpus"):
        pieces_of(tmp_path / "a.txt", "")
