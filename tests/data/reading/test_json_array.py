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
from sentrep.data.reading.json_elements import Damage, elements
from sentrep.data.reading.json_kind import LONG, LOOK
from sentrep.data.reading.report import Kind, ReadReport
from tests.errors import refuses

TICKETS = [{"id": f"t{number}", "subject": "Login", "body": f"Case {number} is [open]."} for number in (1, 2)]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(path: Path, **settings: str) -> tuple[list[tuple[str, str, str]], ReadReport]:
    report = ReadReport()
    documents = read_source_documents(CorpusConfig((str(path),), **settings), report)  # type: ignore[arg-type]
    return [(each.id, each.title, each.text) for each in documents], report


@given(st.lists(VALUES), st.lists(st.integers(0, 400)), st.sampled_from([None, 2]))
def test_any_array_in_any_pieces_is_what_json_reads(
    values: list[object], cuts: list[int], indent: int | None
) -> None:
    text = json.dumps(values, indent=indent)
    places = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(places)]
    found = list(elements(iter(pieces)))
    assert [each.value for each in found if not isinstance(each, Damage)] == values
    assert len(found) == len(values)


def test_a_number_in_any_two_pieces_is_read_whole() -> None:
    text = "[-0, 12.5e+16, 1E-7, 3.25, 1.351e16, 7]"
    for cut in range(len(text)):
        found = elements(iter([text[:cut], text[cut:]]))
        assert [each.value for each in found if not isinstance(each, Damage)] == json.loads(text), cut


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
    assert report.lost == len(end.lstrip(",\n "))


DAMAGE = {
    "a missing comma": '{"text": "Lost." "id": 2}',
    "a missing quotation mark": '{"text": "Lost.}',
    "a missing value": '{"text": }',
    "a single quotation mark": "{'text': 'Lost.'}",
    "no value": "nonsense",
    "brackets nested too deep": '{"text": ' + "[" * 100_000,
}


@pytest.mark.parametrize("indent", ["", "  "])
@pytest.mark.parametrize("size", [1, 50, 1 << 20])
@pytest.mark.parametrize("name", DAMAGE)
def test_reading_goes_on_at_the_next_line_that_begins_an_object(name: str, size: int, indent: str) -> None:
    lines = ['{"text": "One."}', DAMAGE[name], '{"text": "Two.",\n       "more": {\n   "a": 1}}', "3"]
    text = "[\n" + ",\n".join(indent + line for line in lines) + "\n]"
    if len(text) > 10_000 and size == 1:
        size = 1000
    first, damage, second, last = elements(text[at : at + size] for at in range(0, len(text), size))
    assert (first.line, second.line, last.line) == (2, 4, 7)
    assert isinstance(damage, Damage)
    assert damage.line in (3, 4)
    assert len(DAMAGE[name]) <= damage.lost <= len(DAMAGE[name]) + 4
    assert not isinstance(second, Damage)
    assert second.value == {"text": "Two.", "more": {"a": 1}}


def test_a_damage_is_counted_with_its_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '[\n {"text": "One."},\n {"text":\n  "Two.",\n  "id" 2},\n {"text": "Three."}\n]'
    )
    found, report = read(tmp_path / "a.json")
    assert [text for _, _, text in found] == ["One.", "Three."]
    assert report.problems == {Kind.WRONG_JSON: 1}
    assert report.examples[Kind.WRONG_JSON][0].startswith(f"{tmp_path / 'a.json'}:5: ")
    assert report.lost == len('{"text":\n  "Two.",\n  "id" 2},\n ')


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_number_that_python_does_not_convert_costs_no_text(tmp_path: Path, suffix: str) -> None:
    lines = [
        f'{{"text": "One.", "n": {"9" * 5000}, "id": 4}}',
        '{"text": "Two.", "text": 7, "text": "Three."}',
    ]
    text = "[" + ",\n".join(lines) + "]" if suffix == ".json" else "\n".join(lines)
    (tmp_path / f"x{suffix}").write_text(text)
    found, report = read(tmp_path / f"x{suffix}")
    assert [text for _, _, text in found] == ["One.", "Three."]
    assert [name for name, _, _ in found] == ["4", f"x{suffix}#2"]
    assert report.problems == {Kind.SAME_COLUMN: 1}
    assert report.lost == len("Two.")


@pytest.mark.parametrize("between", ["", "\n", "\n\n", " ", ",\n"])
def test_arrays_that_follow_each_other_are_read(tmp_path: Path, between: str) -> None:
    arrays = [json.dumps([{"text": f"{word}."}]) for word in ("One", "Two", "Three")]
    (tmp_path / "x.json").write_text(between.join(arrays) + "\n")
    found, report = read(tmp_path / "x.json")
    assert [text for _, _, text in found] == ["One.", "Two.", "Three."]
    assert report.clean


@pytest.mark.parametrize("behind", ['{"text": "Two."}', "]", "words", "7"])
def test_other_text_behind_an_array_is_damage(tmp_path: Path, behind: str) -> None:
    (tmp_path / "x.json").write_text('[{"text": "One."}]\n\n' + behind)
    found, report = read(tmp_path / "x.json")
    assert [text for _, _, text in found] == ["One."]
    assert report.problems == {Kind.WRONG_JSON: 1}
    assert report.examples[Kind.WRONG_JSON][0].startswith(f"{tmp_path / 'x.json'}:3: ")
    assert report.lost == len(behind)


@pytest.mark.parametrize("start", ["", "\n \n", "\ufeff"])
@pytest.mark.parametrize("lines", [False, True])
def test_long_first_lines_are_read(tmp_path: Path, lines: bool, start: str) -> None:
    records = [{"text": f"Sentence {number}."} for number in range(60_000)]
    text = json.dumps({"text": "a " * LONG}) + '\n{"text": "One."}' if lines else json.dumps(records)
    (tmp_path / "x.json").write_text(start + text, encoding="utf-8")
    for place in (tmp_path, tmp_path / "x.json"):
        found, report = read(place)
        assert len(found) == (2 if lines else 60_000)
        assert report.clean


def test_a_first_record_may_be_long(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps([{"more": "a " * LONG, "text": "One."}], indent=1))
    for place in (tmp_path, tmp_path / "x.json"):
        assert [text for _, _, text in read(place)[0]] == ["One."]


def test_the_text_need_not_be_in_the_first_object(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps([{"title": "A"}, 3, {"text": "One."}]))
    for place in (tmp_path, tmp_path / "x.json"):
        found, report = read(place)
        assert [text for _, _, text in found] == ["One."]
        assert report.problems == {Kind.NO_TEXT_FIELD: 1, Kind.NOT_AN_OBJECT: 1}
    (tmp_path / "x.json").write_text(json.dumps([*[{"title": "A"}] * LOOK, {"text": "One."}]))
    found, report = read(tmp_path / "x.json")
    assert [text for _, _, text in found] == ["One."]


def test_a_value_that_is_too_long_is_not_held() -> None:
    (found,) = elements(iter(["[", '"', *["x" * 100] * 1000]), longest=1000)
    assert found == Damage(1, "a value of more than 1,000 characters", 100_001, too_large=True)
    pieces = ['[{"a": 1},\n {"a": "', *["x" * 100] * 1000, '"},\n {"a": 2}]']
    first, long, last = elements(iter(pieces), longest=1000)
    assert isinstance(long, Damage)
    assert long.too_large
    assert (first.line, long.line, last.line) == (1, 2, 3)


REFUSED = {
    "[1, 2]": (Kind.NOT_AN_OBJECT, ""),
    "[]": (Kind.EMPTY_FILE, ""),
    '{"a":\n 1}': (Kind.WRONG_JSON, ":1"),
    '"text"': (Kind.NOT_AN_OBJECT, ":1"),
    "[[{}]]": (Kind.NOT_AN_OBJECT, ""),
    "": (Kind.EMPTY_FILE, ""),
    "\n \n": (Kind.EMPTY_FILE, ""),
    "[" * 5000: (Kind.WRONG_JSON, ":1"),
    '\n[{"a": 1},\n {"a" 2}]': (Kind.WRONG_JSON, ":3"),
    '[{"text" "a"}]': (Kind.WRONG_JSON, ":1"),
    "\n\nWords.": (Kind.WRONG_JSON, ":3"),
    '[{"name": "a", "value": 1}, {"other": 2}]': (Kind.NO_TEXT_FIELD, ""),
}


@pytest.mark.parametrize("content", REFUSED)
def test_other_json_is_refused_where_it_is_named_and_counted_in_a_folder(
    tmp_path: Path, content: str
) -> None:
    kind, line = REFUSED[content]
    (tmp_path / "x.json").write_text(content)
    with refuses(place=f"x.json{line}", setting="text_field" if kind == Kind.NO_TEXT_FIELD else None):
        read(tmp_path / "x.json")
    with refuses(place=tmp_path) as caught:
        read(tmp_path)
    assert f"x.json{line}: " in str(caught.value)
    assert ".csv" not in str(caught.value)
    (tmp_path / "a.txt").write_text("Words.")
    found, report = read(tmp_path)
    assert [text for _, _, text in found] == ["Words."]
    assert report.problems == {kind: 1}
    assert report.examples[kind][0].startswith(f"{tmp_path / 'x.json'}{line}: ")
    assert not report.ignored


def test_a_file_without_the_text_names_its_fields(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('[{"name": "a", "value": 1}, {"other": 2}]')
    with refuses(setting="text_field") as caught:
        read(tmp_path / "settings.json")
    for name in ("name", "value", "other"):
        assert repr(name) in str(caught.value)


def test_a_compressed_file_that_is_damaged_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "x.json.gz").write_bytes(b"no gzip")
    (tmp_path / "a.txt").write_text("Words.")
    assert read(tmp_path)[1].problems == {Kind.COMPRESSION: 1}
    with refuses(place="x.json.gz"):
        read(tmp_path / "x.json.gz")
