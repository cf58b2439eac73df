"""What files are called, and which of them are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.data.reading.lines import read_lines
from sentrep.evaluation.datasets.tsv import (
    MissingSplit,
    called,
    header,
    of_one_split,
    of_split,
    read_table,
    subset_of,
    tables,
)
from sentrep.evaluation.suite import KINDS
from tests.errors import refuses

KINDS_OF_TABLES = {
    "similarity": "score\tsentence1\tsentence2\n1\ta\tb\n2\ta\tc\n",
    "pair-classification": "label\tsentence1\tsentence2\n1\ta\tb\n0\ta\tc\n",
    "clustering": "label\ttext\n1\ta\n0\tb\n1\tc\n",
    "topics": "label\ttext\n1\ta\n0\tb\n1\tc\n",
    "classification": "label\ttext\n1\ta\n0\tb\n1\tc\n",
}


@pytest.mark.parametrize("kind", KINDS_OF_TABLES)
def test_a_test_set_with_wrong_columns_is_refused_and_dev_is_not_taken_in_its_place(
    kind: str, tmp_path: Path
) -> None:
    good = KINDS_OF_TABLES[kind]
    (tmp_path / "train.tsv").write_text(good)
    (tmp_path / "dev.tsv").write_text(good)
    (tmp_path / "test.tsv").write_text("gold" + good.removeprefix(good.split("\t")[0]))
    with refuses(place="test.tsv:1"):
        KINDS[kind](tmp_path)
    (tmp_path / "test.tsv").write_text(good)
    assert [task.split for task in KINDS[kind](tmp_path)] == ["test"]


def test_names_say_split_and_subset() -> None:
    expected = {
        "test.tsv": ("test", ""),
        "news.dev.tsv": ("dev", "news"),
        "train.jsonl.gz": ("train", ""),
        "a.b.tsv": ("all", "a.b"),
    }
    assert {name: (of_split(Path(name)), subset_of(Path(name))) for name in expected} == expected


def test_data_sets_are_called_after_their_folder_or_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "news.test.tsv").touch()
    monkeypatch.chdir(tmp_path / "mine")
    names = {".": "mine", "../mine": "mine", "news.test.tsv": "news.test", "news.tsv": "news"}
    # Named after a part only, files of all data sets would have the same name.
    names |= dict.fromkeys(["test.tsv", "dev.jsonl.gz", "all.tsv", "../mine/train.tsv", "test"], "mine")
    assert {path: called(Path(path)) for path in names} == names


def test_tables_are_those_with_the_columns_or_a_split_s_name(tmp_path: Path) -> None:
    for name, columns in {"a": "x\ty\tz", "b": "x", "dev": "x", "notes.genre": "genre"}.items():
        (tmp_path / f"{name}.tsv").write_text(columns + "\n")
    (tmp_path / "c.csv").write_text("x\ty\n")
    assert [file.name for file in tables(tmp_path, ["y", "x"])] == ["a.tsv", "dev.tsv"]
    assert tables(tmp_path / "b.tsv", ["x", "y"]) == [tmp_path / "b.tsv"], "a file that is named is meant"
    (tmp_path / "dev.tsv").unlink()
    with refuses(place=tmp_path):
        tables(tmp_path, ["q"])


def test_without_a_wish_test_is_taken_where_there_is_one(tmp_path: Path) -> None:
    splits = {Path(f"{name}.tsv"): name for name in ("dev", "test", "train")}
    assert of_one_split(tmp_path, splits, None) == [Path("test.tsv")]
    assert of_one_split(tmp_path, splits, "dev") == [Path("dev.tsv")]
    del splits[Path("test.tsv")]
    assert of_one_split(tmp_path, splits, None) == [Path("dev.tsv"), Path("train.tsv")]
    with refuses(MissingSplit, place=tmp_path):
        of_one_split(tmp_path, splits, "test")


def test_cells_stand_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_bytes('\ufeffa\tb\tc\r\n "x\ty \tz\r\n\r\n1\t2\t\r\n'.encode())
    assert list(read_table(tmp_path / "t.tsv", ["c", "a"], may_be_empty="c")) == [
        (2, ["z", '"x']),
        (4, ["", "1"]),
    ]
    assert [number for number, _ in read_lines(tmp_path / "t.tsv")] == [1, 2, 4]
    with refuses(place="t.tsv:4"):
        list(read_table(tmp_path / "t.tsv", ["c"]))
    with refuses(place="none.tsv"):
        list(read_table(tmp_path / "none.tsv", ["c"]))


def test_a_file_without_lines_is_not_read_to_its_end_for_a_header(tmp_path: Path) -> None:
    (tmp_path / "blob.tsv").write_bytes(b"x" * 100_000)
    assert len(header(tmp_path / "blob.tsv")[0]) == 10_000
    with refuses(place="blob.tsv:1"):
        list(read_table(tmp_path / "blob.tsv", ["a"]))
