"""Files of terms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentrep.data.tokenization.terms import read_terms
from tests.errors import refuses


@pytest.mark.parametrize("sign", ["\u2028", "\u2029", "\x85"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.txt"])
def test_only_a_newline_ends_a_line(name: str, sign: str, tmp_path: Path) -> None:
    term = f"left{sign}right"
    lines = {
        "a.jsonl": [
            json.dumps({"term": term, "count": 3}, ensure_ascii=False),
            json.dumps({"term": "z", "count": 2}),
        ],
        "a.csv": ["term,count", f"{term},3", "z,2"],
        "a.txt": [term, "z"],
    }[name]
    (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    counts = [1, 1, 1] if name == "a.txt" else [3, 3, 2]
    assert read_terms(tmp_path / name) == dict(zip(["left", "right", "z"], counts, strict=True))


def test_a_term_in_quotation_marks_may_hold_a_newline(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('term,count\n"two\nlines",4\n', encoding="utf-8")
    assert read_terms(tmp_path / "a.csv") == {"two": 4, "lines": 4}


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"term": "a\u2028b"}\n\n{"trem": 1}\n', encoding="utf-8")
    with refuses(setting="terms"):
        read_terms(tmp_path / "a.jsonl")
    (tmp_path / "a.jsonl").write_text('{"term": "a\u2028b"}\n\nno JSON\n', encoding="utf-8")
    with refuses(setting="terms", place="a.jsonl:3"):
        read_terms(tmp_path / "a.jsonl")
