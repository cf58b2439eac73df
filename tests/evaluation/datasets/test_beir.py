"""BEIR folders: read as they are, refused with file and line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sentrep import api
from sentrep.evaluation import bm25, evaluate, read_beir
from sentrep.evaluation.datasets.beir import read_retrieval
from sentrep.evaluation.datasets.tsv import MissingSplit
from sentrep.utils.errors import InputError
from tests.errors import refuses
from tests.evaluation.toy import letters
from tests.paths import SHARED_DATA

DATA = SHARED_DATA

CORPUS = [
    {"_id": "d1", "title": "Cats", "text": "cats purr"},
    {"_id": "d2", "title": "", "text": "dogs bark"},
    {"_id": "d3", "text": "birds sing"},
]
QUERIES = [
    {"_id": "q1", "text": "purr"},
    {"_id": "q2", "text": "bark"},
    {"_id": "d3", "text": "birds sing"},
    {"_id": "q4", "text": "x"},
]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\nq2\td2\t1\n"


def _write(
    folder: Path, corpus: str | None = None, queries: str | None = None, qrels: str | None = None
) -> Path:
    lines = ["\n".join(map(json.dumps, records)) for records in (CORPUS, QUERIES)]
    (folder / "qrels").mkdir(parents=True)
    with gzip.open(folder / "corpus.jsonl.gz", "wt") as out:
        out.write(lines[0] if corpus is None else corpus)
    (folder / "queries.jsonl").write_text(lines[1] if queries is None else queries)
    (folder / "qrels" / "test.tsv").write_text(QRELS if qrels is None else qrels)
    return folder


def test_a_folder_becomes_a_task(tmp_path: Path) -> None:
    task = read_beir(_write(tmp_path / "pets"))
    assert (task.name, task.split) == ("pets", "test")
    assert task.documents == ["Cats cats purr", "dogs bark", "birds sing"]
    assert task.queries == ["purr", "bark"]
    assert [
        (each.tolist(), gains.tolist()) for each, gains in zip(task.relevant, task.gains, strict=True)
    ] == [
        ([0], [2.0]),
        ([1], [1.0]),
    ]
    assert {result.metric: result.value for result in evaluate(bm25(), [task]).results}["R@1"] == 1
    assert read_beir(_write(tmp_path / "blank" / "pets", qrels="\n" + QRELS)).fingerprint == task.fingerprint


def test_a_query_that_is_a_document_is_not_sought_but_an_equal_id_alone_is_no_sign(tmp_path: Path) -> None:
    same = read_beir(_write(tmp_path / "a", qrels=QRELS + "d3\td3\t1\nd3\td1\t1\n"))
    assert same.own == [-1, -1, 2]
    assert same.relevant[2].tolist() == [0]
    other_text = json.dumps({"_id": "d1", "text": "wings"})
    assert read_beir(_write(tmp_path / "b", queries=other_text, qrels="d1\td1\t1\n")).own == [-1]
    only_itself = read_beir(_write(tmp_path / "c", qrels=QRELS + "d3\td3\t1\n"))
    assert len(only_itself.queries) == 2


def test_compression_changes_no_fingerprint_and_an_edit_does(tmp_path: Path) -> None:
    first = read_beir(_write(tmp_path / "pets"))
    (tmp_path / "pets" / "corpus.jsonl").write_bytes(
        gzip.decompress((tmp_path / "pets" / "corpus.jsonl.gz").read_bytes())
    )
    (tmp_path / "pets" / "corpus.jsonl.gz").unlink()
    assert read_beir(tmp_path / "pets").fingerprint == first.fingerprint
    text = (tmp_path / "pets" / "corpus.jsonl").read_text()
    (tmp_path / "pets" / "corpus.jsonl").write_text(text.replace("bark", "barks"))
    assert read_beir(tmp_path / "pets").fingerprint != first.fingerprint


def test_other_splits(tmp_path: Path) -> None:
    folder = _write(tmp_path / "pets")
    (folder / "qrels" / "dev.tsv").write_text("q1\td1\t1\n")
    (folder / "qrels" / "notes.tsv").write_text("query-id\tcorpus-id\tcode\nq1\td1\tgood\n")
    assert (read_beir(folder, "dev").split, len(read_beir(folder, "dev").queries)) == ("dev", 1)
    with refuses(MissingSplit, place="qrels"):
        read_beir(folder, "train")
    (folder / "qrels" / "test.tsv").unlink()
    assert read_beir(folder).split == "dev"
    (folder / "qrels" / "dev.tsv").unlink()
    with refuses(MissingSplit, place="qrels"):
        read_beir(folder)


@pytest.mark.parametrize(
    ("part", "text", "place"),
    [
        ("qrels", QRELS + "q9\td1\t1\n", "test.tsv:5"),
        ("qrels", QRELS + "q1\td9\t1\n", "test.tsv:5"),
        (
            "qrels",
            QRELS + "q1 d1 1\n",
            "test.tsv:5",
        ),
        ("qrels", QRELS.replace("score", "grade"), "test.tsv:1"),
        ("qrels", "query\tdocument\tscore\nq1\td1\t1\n", "test.tsv:1"),
        ("qrels", "q1\t0\td1\t1\n", "test.tsv:1"),
        ("qrels", QRELS + "q1\td3\tgood\n", "test.tsv:5"),
        ("qrels", QRELS + "q1\td3\tnan\n", "test.tsv:5"),
        ("qrels", QRELS + "q1\td1\t1\n", "test.tsv:5"),
        ("qrels", QRELS + "q1\td2\t1\n", "test.tsv:5"),
        ("qrels", "query-id\tcorpus-id\tscore\nq1\td1\t0\n", "test.tsv"),
        ("qrels", "d3\td3\t1\n", "test.tsv"),
        ("qrels", "", "test.tsv"),
        (
            "corpus",
            '{"_id": "d1", "text": "a"}\n{"_id": "d1", "text": "b"}',
            "corpus.jsonl.gz:2",
        ),
        ("corpus", '{"_id": "d1"}', "corpus.jsonl.gz:1"),
        ("corpus", "[1]", "corpus.jsonl.gz:1"),
        ("corpus", '{"_id": "d1", "text": null}', "corpus.jsonl.gz:1"),
        ("corpus", '{"_id": "d1", "text": "a", "title": 3}', "corpus.jsonl.gz:1"),
        ("corpus", '{"_id": null, "text": "a"}', "corpus.jsonl.gz:1"),
        ("corpus", '{"id": "d1", "text": "a"}', "corpus.jsonl.gz:1"),
        ("corpus", "", "corpus.jsonl.gz"),
        ("queries", '\n{"_id": "q1", "text": " "}', "queries.jsonl:2"),
        ("queries", "{", "queries.jsonl:1"),
        (
            "queries",
            '{"_id": "q1", "text": "a"}\n{"_id": "q1", "text": "a"}',
            "queries.jsonl:2",
        ),
        ("queries", '{"_id": "q1", "title": "a", "text": ""}', "queries.jsonl:1"),
        ("queries", "", "queries.jsonl"),
    ],
)
def test_broken_folders_are_refused_with_file_and_line(
    part: str, text: str, place: str, tmp_path: Path
) -> None:
    with refuses(place=place):
        read_beir(_write(tmp_path / "pets", **{part: text}))


def test_a_broken_folder_is_refused_before_any_model_is_loaded(tmp_path: Path) -> None:
    folder, unopened = _write(tmp_path / "pets", qrels=QRELS + "q1\td9\t1\n"), tmp_path / "unopened"
    unopened.mkdir()
    with refuses(place="test.tsv:5"):
        api.evaluate(unopened, [folder])
    (folder / "qrels" / "test.tsv").write_text(QRELS)
    (tmp_path / "foreign.jsonl").write_text("[]\n")
    with refuses(place="foreign.jsonl:1"):
        api.evaluate(unopened, [folder], results=tmp_path / "foreign.jsonl")
    with pytest.raises(InputError) as error:
        api.evaluate("no/such/model", [folder])
    assert error.value.setting == "model"


@pytest.mark.parametrize("part", ["corpus.jsonl.gz", "queries.jsonl", "qrels/test.tsv"])
def test_a_folder_that_lacks_a_part_is_refused(part: str, tmp_path: Path) -> None:
    folder = _write(tmp_path / "pets")
    (folder / part).unlink()
    with refuses(place="qrels" if "qrels" in part else "pets"):
        read_beir(folder)
    if "qrels" in part:
        (folder / "qrels").rmdir()
        with refuses(place="qrels"):
            read_beir(folder)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    folder = _write(tmp_path / "pets")
    (folder / "queries.jsonl").write_bytes(b"\xff\xfe")
    with refuses(place="queries.jsonl"):
        read_beir(folder)
    whole = (folder / "corpus.jsonl.gz").read_bytes()
    for damaged in (b"not gzip", whole[:-9], whole[:20] + bytes(20) + whole[40:]):
        (folder / "corpus.jsonl.gz").write_bytes(damaged)
        with refuses(place="corpus.jsonl.gz"):
            read_beir(folder)


def test_what_other_programs_write_is_read(tmp_path: Path) -> None:
    """A byte order mark, Windows line ends, numbers as ids, blank lines."""
    folder = _write(tmp_path / "pets", queries='\ufeff{"_id": 7, "text": "purr"}\r\n\r\n')
    (folder / "qrels" / "test.tsv").write_bytes("\ufeffquery-id\tcorpus-id\tscore\r\n7\td1\t1\r\n".encode())
    assert read_beir(folder).relevant[0].tolist() == [0]


def test_the_reader_of_suites_names_and_asks_for_what_is_lost(tmp_path: Path) -> None:
    (task,) = read_retrieval(_write(tmp_path / "pets"), name="animals", split="test", approximate=True)
    values = {result.metric: result.value for result in evaluate(letters(), [task]).results}
    assert (task.name, task.split) == ("animals", "test")
    assert values["R@10 (HNSW)"] == values["R@10"] == 1
    assert [each.name for each in read_retrieval(tmp_path / "pets")] == ["pets"]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data sets are not here")
def test_a_classic_collection() -> None:
    task = read_beir(DATA / "retrieval-cranfield")
    assert (len(task.documents), len(task.queries), sum(map(len, task.relevant))) == (1400, 225, 1837)
    values = {result.metric: result.value for result in evaluate(bm25(), [task]).results}
    assert 0.45 < values["nDCG@10"] < 0.55
    assert (
        values["nDCG@10"] > {r.metric: r.value for r in evaluate(letters(), [task]).results}["nDCG@10"] + 0.3
    )
