"""The quickstart, small: the docstrings of a few packages, a table, an index, two pictures."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from sentrep import api
from sentrep.data.docstrings import harvest as docstrings
from sentrep.pipelines import quickstart
from sentrep.utils.errors import InputError


@pytest.fixture(scope="module")
def small() -> list[docstrings.Docstring]:
    import nltk
    import torch

    packages = [Path(module.__file__ or "").parent for module in (nltk, torch.optim, torch.nn)]
    return docstrings.harvest(packages, processes=1)


@pytest.mark.slow
def test_it_trains_measures_searches_and_draws(
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
    monkeypatch.setattr(quickstart, "ENCODER", replace(quickstart.ENCODER, width=64))
    pieces = {name: replace(one, vocab=2000) for name, one in quickstart.TOKENIZERS.items()}
    monkeypatch.setattr(quickstart, "TOKENIZERS", pieces)
    monkeypatch.setattr(
        quickstart, "TRAINING", replace(quickstart.TRAINING, steps=5, batch_size=256, tracker="none")
    )
    quickstart.run(tmp_path / "out", compare=(str(tmp_path / "out" / "run"),))
    printed = capsys.readouterr().out

    rows = [line.split("  ")[0] for line in printed.splitlines() if re.search(r"\[\.\d+, \.\d+\]", line)]
    assert [row.split(",")[0] for row in rows] == [
        "random", "BM25", "BM25", "as wide an encoder", "quick-thought", "quick-thought + that BM25",
        str(tmp_path / "out" / "run"),
    ]  # fmt: skip
    assert all(name in printed for name in ("R@1", "R@10", "MRR", "nDCG@10"))
    results = [json.loads(line) for line in (tmp_path / "out" / "results.jsonl").read_text().splitlines()]
    hits = {(one["model"], one["metric"]): one["value"] for one in results}
    assert hits["random", "R@10"] < 0.2 < hits["BM25", "R@10"]
    assert printed.count("? ") == len(quickstart.SEARCHES)
    for picture in ("training.png", "map.png"):
        assert (tmp_path / "out" / picture).read_bytes().startswith(b"\x89PNG")
    assert len(api.open_index(tmp_path / "out" / "index")("gradient of a tensor", 3)) == 3
    trained = (tmp_path / "out" / "text" / "train.jsonl").read_text()
    held_out = [
        json.loads(line)["text"]
        for line in (tmp_path / "out" / "text" / "heldout.jsonl").read_text().splitlines()
    ]
    assert len(held_out) == 150
    assert not any(json.dumps(text)[1:-1] in trained for text in held_out)


def test_minilm_without_its_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickstart, "find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip install"):
        quickstart._located("minilm")
    assert quickstart._located("runs/other") == ("runs/other", "runs/other")


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
