"""JSON files that hold an array of objects."""

from __future__ import annotations

import gzip
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.config import CorpusConfig
from sentrep.data.documents import read_source_documents
from sentrep.data.reading.json_array import elements
from sentrep.data.reading.report import Kind, ReadReport
from tests.errors import refuses

TICKETS = [{"id": f"t{number}", "subject": "Login", "body": f"Case {number} is [open]."} for number in (1, 2)]
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(path: Path, **settings: str) -> tuple[list[tuple[str, str, str]], ReadReport]:
    report = ReadReport()
    documents = read_source_documents(CorpusConfig((str(path),), **settings), report)
    return [(each.id, each.title, each.text) for each in documents], report


@given(st.lists(VALUES), st.lists(st.integers(0, 400)), st.sampled_from([None, 2]))
def test_any_array_in_any_pieces_is_what_json_reads(
    values: list[object], cuts: list[int], indent: int | None
) -> None:
    text = json.dumps(values, indent=indent)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    assert [each.value for each in elements(iter(pieces))] == values


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("packed", [False, True])
def test_objects_are_documents_with_their_fields(tmp_path: Path, indent: int | None, packed: bool) -> None:
    text = json.dumps(TICKETS, indent=indent)
    file = tmp_path / ("t.json.gz" if packed else "t.json")
    file.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    for place in (file, tmp_path):
        found, report = read(place, text_field="body", title_field="subject")
        assert found == [("t1", "Login", "Case 1 is [open]."), ("t2", "Login", "Case 2 is [open].")]
        assert not report.problems


def test_ids_are_places_in_the_array_and_problems_name_lines(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(
        '[\n {"text": "One."},\n 7,\n {"words": "Two."},\n {"text":\n "Three."}]\n'
    )
    found, report = read(tmp_path / "x.json")
    assert [(name, text) for name, _, text in found] == [("x.json#1", "One."), ("x.json#4", "Three.")]
    assert report.problems == {Kind.NOT_AN_OBJECT: 1, Kind.NO_TEXT_FIELD: 1}
    lines = "\n".join(report.lines())
    assert "x.json:3" in lines
    assert "x.json:4" in lines


@pytest.mark.parametrize("end", ["", ',\n {"text": "cut o', ",\n nonsense]"])
def test_a_damaged_array_is_read_up_to_the_damage(tmp_path: Path, end: str) -> None:
    (tmp_path / "x.json").write_text('[{"text": "One."}, {"text": "Two."}' + end)
    found, report = read(tmp_path / "x.json")
    assert [text for _, _, text in found] == ["One.", "Two."]
    assert report.problems == {Kind.WRONG_JSON: 1}


def test_a_value_that_is_too_long_is_not_held() -> None:
    with pytest.raises(ValueError, match="1,000"):
        list(elements(iter(["[", '"', *["x" * 100] * 1000]), longest=1000))


@pytest.mark.parametrize("content", ["[1, 2]", "[]", '{"a":\n 1}', '"text"', "[[{}]]", "", "[" * 5000])
def test_other_json_is_refused_where_it_is_named_and_passed_over_in_a_folder(
    tmp_path: Path, content: str
) -> None:
    (tmp_path / "x.json").write_text(content)
    (tmp_path / "a.txt").write_text("Words.")
    with refuses(place="x.json"):
        read(tmp_path / "x.json")
    found, report = read(tmp_path)
    assert [text for _, _, text in found] == ["Words."]
    assert report.ignored == {".json": 1}


def test_arrays_without_the_text_are_passed_over_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('[{"name": "a", "value": 1}]')
    (tmp_path / "a.txt").write_text("Words.")
    assert read(tmp_path)[1].ignored == {".json": 1}
    with refuses() as caught:
        read(tmp_path / "settings.json")
    assert "'name'" in str(caught.value)
