"""Quick-thought as a candidate of `build`: small texts, documents of one sentence, and what is printed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from sentrep.data.documents import SourceDocument
from sentrep.inference.units import Units
from sentrep.pipelines.build import quick_thought
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.text import Text


def documents(count: int, sentences: int) -> list[SourceDocument]:
    """Documents about one of ten topics each."""
    random, found = np.random.default_rng(0), list[SourceDocument]()
    for number in range(count):
        words = [f"topic{number % 10}word{word}" for word in random.integers(20, size=4 * sentences)]
        parts = [" ".join(words[4 * part : 4 * part + 4]) + "." for part in range(sentences)]
        starts = np.cumsum([0] + [len(part) + 1 for part in parts])
        spans = tuple(
            (int(start), int(start) + len(part)) for start, part in zip(starts, parts, strict=False)
        )
        text = " ".join(parts)
        found.append(SourceDocument(f"{number}", "", "", text, ((0, ()),), (), spans))
    return found


def text_of(found: list[SourceDocument], folder: Path) -> Text:
    return Text.write(found, Units(), folder / "train.jsonl")


def test_a_text_with_few_neighbours_is_left_out(tmp_path: Path) -> None:
    fewest = quick_thought.FEWEST
    enough = text_of(documents(fewest // 5, 5), tmp_path)
    assert not quick_thought.objection(enough, Budget(60))
    single = text_of(documents(fewest, 1) + documents(fewest // 10, 5), tmp_path)
    assert str(fewest // 2) in quick_thought.objection(single, Budget(60))
    assert "minutes" in quick_thought.objection(enough, Budget(0.1))


def test_a_small_text_is_read_often_in_small_batches(tmp_path: Path) -> None:
    text = text_of(documents(100, 5), tmp_path)
    options = quick_thought.options_for(text)
    batches = options["epochs"] * text.sentences / options["batch_size"]
    assert batches == pytest.approx(quick_thought.LEAST_STEPS)
    assert options["batch_size"] < quick_thought.SETTINGS["batch_size"]


def test_titles_are_sentences_that_models_learn(tmp_path: Path) -> None:
    titled = [replace(document, title="About larches") for document in documents(2, 1)]
    text = text_of(titled, tmp_path)
    (line, _) = (json.loads(each) for each in text.file.read_text().splitlines())
    assert line["text"] == ["About larches", *titled[0].sentences]
    assert text.passages[0] == f"About larches. {titled[0].text}"
    assert text.sentences == 4
    assert quick_thought.objection(text, Budget(60)).startswith("4 sentences")


@pytest.mark.slow
def test_a_run_gives_no_advice_and_leaves_single_sentences_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(quick_thought, "OPTIONS", {**quick_thought.OPTIONS, "width": 32, "vocab": 400})
    text = text_of(documents(900, 1) + documents(120, 5), tmp_path)
    quick_thought.fit(text, tmp_path / "model")
    printed = capsys.readouterr()
    assert "warning" not in printed.err + printed.out
    vectors = SentenceTransformer(str(tmp_path / "model"), device="cpu").encode(["topic1word3 topic1word4"])
    assert np.isfinite(vectors).all()
