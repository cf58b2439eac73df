"""Ids of documents: no two are equal, whatever files and records are named."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.reading.ids import Ids, unused
from sentrep.data.reading.report import Kind
from tests.data.reading.readers import pieces_of


def ids_of(folder: Path, files: Sequence[str], corpus: Sequence[str]) -> list[str]:
    for number, name in enumerate(files):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = f"id,text\n,Row {number}.\n" if ".csv" in name else f"Text {number}."
        file.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return [piece.id for piece in pieces_of(*(folder / name for name in corpus))[0]]


FILES = {
    "two folders": (["p/readme.txt", "q/readme.txt"], ["p", "q"], ["p/readme.txt", "q/readme.txt"]),
    "two files": (["p/a.txt", "q/a.txt"], ["q/a.txt", "p/a.txt"], ["q/a.txt", "p/a.txt"]),
    "only what clashes": (["p/a.txt", "p/b.txt", "q/b.txt"], ["p", "q"], ["a.txt", "p/b.txt", "q/b.txt"]),
    "several parents": (["p/x/a.txt", "q/x/a.txt"], ["p/x", "q/x"], ["p/x/a.txt", "q/x/a.txt"]),
    "parents that clash": (
        ["p/a.txt", "q/a.txt", "z/p/a.txt"],
        ["p", "q", "z"],
        ["{}/p/a.txt", "q/a.txt", "z/p/a.txt"],
    ),
    "compressed": (["a.csv", "a.csv.gz"], ["."], ["a.csv#2", "a.csv.gz#2"]),
    "compressed elsewhere": (["p/a.txt", "q/a.txt.gz"], ["p", "q"], ["p/a.txt", "q/a.txt"]),
    "compressed alone": (["a.txt.gz"], ["."], ["a.txt"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_have_ids_that_differ(tmp_path: Path, name: str) -> None:
    files, corpus, wanted = FILES[name]
    assert ids_of(tmp_path, files, corpus) == [each.format(tmp_path.name) for each in wanted]


def test_names_that_are_no_text_have_ids_that_differ(tmp_path: Path) -> None:
    for name in (b"\xff.txt", b"\xfe.txt"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_text("Words.")
    assert [piece.id for piece in pieces_of(tmp_path)[0]] == ["\ufffd.txt", "\ufffd.txt (2)"]


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
def test_records_of_one_id_are_numbered(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        rows = [{"id": identity, "text": f"{name} {identity}."} for identity in ("17", "x", "17")]
        text = json.dumps(rows) if suffix == ".json" else "\n".join(map(json.dumps, rows))
        if suffix == ".csv":
            text = "\n".join(["id,text", *(f"{row['id']},{row['text']}" for row in rows)])
        (tmp_path / f"{name}{suffix}").write_text(text)
    pieces, report = pieces_of(tmp_path)
    assert [piece.id for piece in pieces] == ["17", "x", "17 (2)", "17 (3)", "x (2)", "17 (4)"]
    assert report.problems == {Kind.SAME_ID: 4}
    assert "'17 (2)'" in report.examples[Kind.SAME_ID][0]


@given(st.lists(st.sampled_from(["a", "a (2)", "a (3)", "a (7)", "b"])))
def test_numbered_ids_are_never_taken(given: list[str]) -> None:
    ids = Ids()
    found = [identity if ids.add(identity) else unused(identity, ids) for identity in given]
    assert len(set(found)) == len(given)
    assert all(each.startswith(identity) for each, identity in zip(found, given, strict=True))


def test_an_id_that_all_records_have_is_numbered_in_order() -> None:
    ids = Ids()
    found = ["a" if ids.add("a") else unused("a", ids) for _ in range(20_000)]
    assert found == ["a", *(f"a ({number})" for number in range(2, 20_001))]


RECORDS: dict[str, tuple[dict[str, object], str]] = {
    "_id": ({"_id": "MED-10", "text": "Text."}, "MED-10"),
    "id first": ({"_id": "x", "id": 7, "text": "Text."}, "7"),
    "empty id": ({"_id": "x", "id": "", "text": "Text."}, "x"),
    "neither": ({"text": "Text."}, "records.{}#{}"),
}


@pytest.mark.parametrize("suffix", ["jsonl", "json", "csv", "parquet"])
@pytest.mark.parametrize("name", RECORDS)
def test_records_without_an_id_have_that_of__id(tmp_path: Path, name: str, suffix: str) -> None:
    record, wanted = RECORDS[name]
    file = tmp_path / f"records.{suffix}"
    if suffix == "parquet":
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist([record]), file)
    elif suffix == "csv":
        file.write_text(",".join(record) + "\n" + ",".join(map(str, record.values())) + "\n")
    else:
        file.write_text(json.dumps([record] if suffix == "json" else record) + "\n")
    place = 2 if suffix == "csv" else 1
    assert [piece.id for piece in pieces_of(file)[0]] == [wanted.format(suffix, place)]


def test_another_id_field_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(json.dumps({"_id": "x", "id": "y", "text": "Text."}))
    assert [piece.id for piece in pieces_of(tmp_path / "a.jsonl", id_field="key")[0]] == ["a.jsonl#1"]
