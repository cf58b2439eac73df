"""Documents as they were read: offsets point at their text, sections at their headings."""

from __future__ import annotations

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
