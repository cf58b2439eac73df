"""Held-out text: what was read and skipped is counted at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentrep.data.reading.report import Kind, ReadReport
from sentrep.evaluation.datasets.heldout_text import read_label_free


@pytest.mark.parametrize("split_field", ["", "part"])
def test_what_cannot_be_read_is_counted_with_file_and_line(tmp_path: Path, split_field: str) -> None:
    file = tmp_path / "x.jsonl"
    rows = [
        {"part": "test", "text": f"Sentence {i} is here. Then comes number {i}. It ends with {i} too."}
        for i in range(40)
    ]
    lines = [json.dumps(row) for row in rows]
    lines[3] = '{"part": "test", "text": "half'
    lines[7] = json.dumps({"part": "test", "text": 7})
    file.write_text("\n".join(lines))
    (tmp_path / "picture.png").write_bytes(b"")
    report = ReadReport()
    assert read_label_free(tmp_path if not split_field else file, split_field=split_field, report=report)
    assert [where.startswith(f"{file}:4:") for where in report.examples[Kind.WRONG_JSON]] == [True]
    assert [where.startswith(f"{file}:8:") for where in report.examples[Kind.NOT_A_STRING]] == [True]
    assert report.documents == 38
    assert report.ignored == ({} if split_field else {".png": 1})
