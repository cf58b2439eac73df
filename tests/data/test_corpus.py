"""Documents in memory keep what readers of JSON lines keep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas
import pytest

from sentrep.data.corpus import corpus_config
from sentrep.data.reading.records import LONGEST_FIELD
from tests.data.reading.readers import pieces_of

ROW = {
    "text": "It rained.",
    "title": 1917,
    "id": 3,
    "city": "Berlin",
    "year": 1999,
    "share": 0.5,
    "open": True,
    "none": None,
    "empty": "",
    "long": "a" * (LONGEST_FIELD + 1),
    "tags": ["a", "b"],
}
FURTHER = (("city", "Berlin"), ("year", "1999"), ("share", "0.5"), ("open", "True"))


@pytest.mark.parametrize("table", [False, True])
def test_documents_in_memory_keep_the_fields_that_json_lines_keep(tmp_path: Path, table: bool) -> None:
    corpus = pandas.DataFrame([ROW]) if table else [ROW]
    config = corpus_config(corpus, tmp_path / "cache")
    (tmp_path / "x.jsonl").write_text(json.dumps(ROW))
    for name in (*config.corpus, str(tmp_path / "x.jsonl")):
        (piece,), _ = pieces_of(name)
        assert (piece.id, piece.title, piece.text) == ("3", "1917", "It rained.")
        assert piece.fields == FURTHER


def test_fields_that_are_named_are_kept(tmp_path: Path) -> None:
    rows = [{"text": "It rained.", "author": "Ann", "note": np.int64(7)}]
    config = corpus_config(rows, tmp_path, keep_fields=("author",))
    assert config.keep_fields == ("author",)
    assert pieces_of(*config.corpus)[0][0].fields == (("author", "Ann"), ("note", "7"))
