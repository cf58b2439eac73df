"""Texts with labels: tables and JSON lines read as they are, refused with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from sentrep.evaluation.datasets.labelled import Labelled, read_labelled
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.evaluation.tasks.topics import Topics, read_topics
from tests.errors import refuses
from tests.paths import SHARED_DATA

DATA = SHARED_DATA


def test_tables_json_lines_and_splits(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text('label\ttext\nx\tone "two\r\ny\tthree\n\nx\tfour\ny\tone "two\n')
    (tmp_path / "README.md").write_text("about")
    with gzip.open(tmp_path / "dev.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(4):
            record = {"label": number % 2, "text": f" body\n\n{number}", "title": f"t{number}"}
            file.write(json.dumps(record) + "\n")
    (data,) = read_labelled(tmp_path, "topics")
    assert (data.name, data.split) == (f"{tmp_path.name}: topics", "test")
    assert (data.texts, data.labels) == (('one "two', "three", "four"), ("x", "y", "x")), (
        "a text that occurs twice is taken once"
    )
    (data,) = read_labelled(tmp_path, "topics", split="dev", name="mine")
    assert (data.name, data.split, data.texts[:2], data.labels) == (
        "mine",
        "dev",
        ("body 0", "body 1"),
        ("0", "1", "0", "1"),
    )
    (data,) = read_labelled(tmp_path / "dev.jsonl.gz", "topics", text_field="title")
    assert (data.name, data.texts) == (f"{tmp_path.name}: topics", ("t0", "t1", "t2", "t3"))
    with refuses(MissingSplit, place=tmp_path):
        read_topics(tmp_path, split="train")
    (tmp_path / "test.tsv").rename(tmp_path / "more.tsv")
    assert [(data.name, data.split) for data in read_labelled(tmp_path, "topics", name="both")] == [
        ("both: dev", "dev"),
        ("both: more", "all"),
    ]


def test_a_sample_is_even_and_always_the_same(tmp_path: Path) -> None:
    (tmp_path / "all.tsv").write_text(
        "label\ttext\n" + "".join(f"{number % 2}\ttext {number}\n" for number in range(300))
    )
    (task,) = read_topics(tmp_path, sample=100)
    assert isinstance(task, Topics)
    assert len(task.texts) == 100
    assert "100 of 300 texts, drawn evenly" in task.protocol
    assert task.texts == read_labelled(tmp_path, "topics", sample=100)[0].texts
    places = [int(text.removeprefix("text ")) for text in task.texts]
    assert places == sorted(places)
    assert 100 < np.mean(places) < 200
    assert read_topics(tmp_path, sample=100)[0].fingerprint != read_topics(tmp_path, sample=99)[0].fingerprint
    assert "drawn" not in read_topics(tmp_path)[0].protocol
    with refuses(setting="sample"):
        read_topics(tmp_path, sample=0)


@pytest.mark.parametrize(
    ("name", "lines", "place"),
    [
        ("test.tsv", "label\ttext\na\tb\nc\n", "test.tsv:3"),
        ("test.tsv", "label\ttext\na\tb\nc\t \n", "test.tsv:3"),
        ("test.tsv", "label\ttext\na\tb\na\tc\n", "test.tsv"),
        ("test.tsv", "label\ttext\na\tb\nb\tc\n", "test.tsv"),
        ("test.jsonl", '{"label": "a", "text": "b"}\n{"text": "b"}\n', "test.jsonl:2"),
        ("test.jsonl", '{"label": "a", "text": 3}\n', "test.jsonl:1"),
        ("test.jsonl", "no JSON\n", "test.jsonl:1"),
        ("test.jsonl", '{"label": " ", "text": "b"}\n', "test.jsonl:1"),
        ("test.jsonl", '{"label": "a", "text": "b"}\n{"label": null, "text": "c"}\n', "test.jsonl:2"),
        ("test.jsonl", '{"label": NaN, "text": "b"}\n', "test.jsonl:1"),
        ("test.jsonl", '{"label": ["a"], "text": "b"}\n', "test.jsonl:1"),
        ("test.jsonl.gz", "not packed\n", "test.jsonl.gz"),
    ],
)
def test_bad_lines_are_refused_with_file_and_line(name: str, lines: str, place: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(lines)
    with refuses(place=place):
        read_topics(tmp_path)


def test_what_holds_no_labelled_texts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test.tsv").write_text("score\tsentence1\tsentence2\n1\ta\tb\n")
    for path in (tmp_path, tmp_path / "test.tsv"):
        with refuses(place="test.tsv:1"):
            read_topics(path)
    (tmp_path / "test.tsv").rename(tmp_path / "pairs.tsv")
    for path in (tmp_path, tmp_path / "none"):
        with refuses(place=path):
            read_topics(path)
    with refuses(ValueError):
        Labelled("wrong", ("a", "b"), ("c",))


@pytest.mark.skipif(not DATA.is_dir(), reason="shared data are not here")
@pytest.mark.parametrize(
    ("name", "split", "texts", "labels"),
    [("ag-news", "test", 3798, 4), ("zh-thucnews-titles", "test", 4000, 10), ("corpus-bbc", "all", 2089, 5)],
)
def test_real_topics_are_read(name: str, split: str, texts: int, labels: int) -> None:
    (data,) = read_labelled(DATA / name, "topics")
    assert (data.split, len(data.texts), len(set(data.labels))) == (split, texts, labels)
