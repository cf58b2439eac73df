"""The quickstart, small: the docstrings of a few packages, a table, a choice, an index, a report."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sentence_transformers import SentenceTransformer

from sentrep import api
from sentrep.cli.main import main
from sentrep.data.docstrings import harvest as docstrings
from sentrep.pipelines import quickstart
from sentrep.pipelines.build import quick_thought
from sentrep.utils.errors import InputError


@pytest.fixture(scope="module")
def small() -> list[docstrings.Docstring]:
    import nltk
    import torch

    packages = [Path(module.__file__ or "").parent for module in (nltk, torch.optim, torch.nn)]
    return docstrings.harvest(packages, processes=1)


@pytest.mark.slow
@pytest.mark.slow
def test_it_measures_chooses_and_indexes(
    small: list[docstrings.Docstring],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(quickstart, "harvest", lambda: small)
    hold_out = docstrings.hold_out
    monkeypatch.setattr(
        quickstart, "hold_out", lambda all_of_them, seed: hold_out(all_of_them, 50, 150, seed)
    )
    monkeypatch.setattr(quick_thought, "FEWEST", 100)
    small_run = {**quick_thought.OPTIONS, "width": 64, "vocab": 2000, "steps": 5}
    monkeypatch.setattr(quick_thought, "OPTIONS", small_run)
    out = tmp_path / "out"
    other = api.baseline("collection", ["one two three", "four five six"], tmp_path / "other")
    assert other.get_embedding_dimension()
    quickstart.run(out, compare=(f"another={tmp_path / 'other'}",))
    printed = capsys.readouterr().out

    rows = [line.split("  ")[0] for line in printed.splitlines() if re.search(r"\[\.\d+, \.\d+\]", line)]
    assert {row.rstrip("*") for row in rows} == {
        "random", "BM25 without stemming", "BM25, identifiers cut", "another", "BM25",
        "collection table", "collection table + BM25", "quick-thought", "quick-thought + BM25",
    }  # fmt: skip
    assert sum(row.endswith("*") for row in rows) == 1
    assert all(name in printed for name in ("R@1", "R@10", "MRR", "nDCG@10", "Chosen: "))
    assert "scripts/quickstart YOUR/FOLDER" in printed
    results = [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]
    hits = {(one["model"], one["metric"]): one["value"] for one in results}
    assert hits["random", "R@10"] < 0.2 < hits["BM25", "R@10"]
    assert printed.count("? ") == len(quickstart.SEARCHES)
    assert (out / "report.html").stat().st_size > 1000
    assert len(api.open_index(out / "index").search("gradient of a tensor", 3)) == 3  # type: ignore[union-attr]
    assert SentenceTransformer(str(out / "model"), device="cpu").encode(["a tensor"]).shape[0] == 1


def test_held_out_docstrings_are_not_trained_on(small: list[docstrings.Docstring], tmp_path: Path) -> None:
    split = docstrings.hold_out(small, 50, 150, 1)
    documents = [quickstart.as_document(docstring) for docstring in split.train]
    trained = {document.text for document in documents}
    assert (len(split.bodies), len(split.queries)) == (150, 50)
    assert not any(" ".join(one.sentences) in trained for one in split.bodies)
    task = quickstart.task_of(split)
    for query, answer in zip(split.queries, task.relevant, strict=True):
        assert task.documents[int(answer[0])] == query.body_text


def test_documents_keep_the_sentences_of_docstrings(small: list[docstrings.Docstring]) -> None:
    assert len(small) >= 200
    for docstring in small[:200]:
        document = quickstart.as_document(docstring)
        assert [document.text[start:end] for start, end in document.spans] == list(docstring.sentences)


def test_a_model_that_does_not_exist_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        quickstart.run(tmp_path / "out", compare=(f"mine={tmp_path / 'none'}",))
    assert raised.value.setting == "compare"
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_documents_of_ones_own_are_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text("# Rice\n\nWash it. Boil it for ten minutes. Let it rest.\n")
    assert main(["quickstart", "notes"]) == 0
    assert len(api.open_index("runs/notes/index").search("how long to boil", 1)) == 1  # type: ignore[union-attr]


def test_one_model_at_most_is_compared_on_documents(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        quickstart.on_documents((str(tmp_path),), tmp_path / "out", ("a", "b"))
    assert raised.value.setting == "compare"


def test_identifiers_are_cut_for_bm25() -> None:
    assert quickstart.identifier_words("Reads the HTTPError of file_names") == [
        "read",
        "the",
        "http",
        "error",
        "of",
        "file",
        "name",
    ]
