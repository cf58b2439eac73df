"""Documents as they were read: offsets point at their text, sections at their headings."""

from __future__ import annotations

import json
from pathlib import Path

from sentrep.data.config import CorpusConfig
from sentrep.data.documents import SourceDocument, read_source_documents
from sentrep.data.reading.report import ReadReport

MARKDOWN = """# Cooking

Rice is simple. It needs water.

## Steps

Wash it first. Then boil it.

## Serving

Serve it hot.
"""


def read(file: Path, **options: str) -> list[SourceDocument]:
    return list(read_source_documents(CorpusConfig((str(file),), **options)))  # type: ignore[arg-type]


def test_sections_and_sentences_of_markdown(tmp_path: Path) -> None:
    (tmp_path / "rice.md").write_text(MARKDOWN)
    (document,) = read(tmp_path / "rice.md")
    assert document.title == "Cooking"
    assert document.file == str(tmp_path / "rice.md")
    under = {}
    for (start, headings), end in zip(
        document.sections, [*(start for start, _ in document.sections[1:]), len(document.text)], strict=True
    ):
        under[document.text[start:end].strip().split("\n")[-1]] = headings
    assert under["Wash it first. Then boil it."][-1] == "Steps"
    assert under["Serve it hot."][-1] == "Serving"
    assert {"Rice is simple.", "It needs water.", "Then boil it."} <= set(document.sentences)
    letters = "".join("".join(document.text[start:end].split()) for start, end in document.spans)
    assert letters == "".join(document.text.split())


def test_lines_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "titles.txt").write_text("  One title here\nAnother title. With a stop\n\n\nA third\n")
    documents = read(tmp_path / "titles.txt", split="lines")
    sentences = [sentence for document in documents for sentence in document.sentences]
    assert sentences == ["One title here", "Another title. With a stop", "A third"]
    for document in documents:
        assert [document.text[start:end] for start, end in document.spans] == document.sentences


def test_the_report_counts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "x", "text": "One. Two."}\n{"id": "y", "text": 3}\n')
    report = ReadReport()
    found = list(read_source_documents(CorpusConfig((str(tmp_path),)), report))
    assert [document.id.endswith("x") for document in found] == [True]
    assert report.documents == 1
    assert report.problems.total() == 1


def test_further_fields_of_records_are_kept(tmp_path: Path) -> None:
    record = {
        "id": "x",
        "text": "One. Two.",
        "year": 1999,
        "tags": ["a"],
        "note": "n" * 2000,
        "author": "Eve",
    }
    (tmp_path / "a.jsonl").write_text(json.dumps(record) + "\n")
    (document,) = read(tmp_path / "a.jsonl")
    assert dict(document.fields) == {"year": "1999", "author": "Eve"}
    (tmp_path / "b.csv").write_text("id,text,place\n1,One sentence here.,Rome\n2,Another one.,\n")
    first, second = read(tmp_path / "b.csv")
    assert dict(first.fields) == {"place": "Rome"}
    assert dict(second.fields) == {}


def test_columns_of_parquet_are_kept_where_asked(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(
        pa.table({"text": ["One. Two."], "year": [1999], "other": ["o"]}), tmp_path / "a.parquet"
    )
    (document,) = read_source_documents(CorpusConfig((str(tmp_path / "a.parquet"),), keep_fields=("year",)))
    assert dict(document.fields) == {"year": "1999"}
