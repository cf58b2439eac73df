"""Corpora and runs that are too small for a method."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

from sentrep import api
from sentrep.methods.base import Usability
from sentrep.methods.registry import METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.usability import check_corpus, undertrained
from sentrep.utils.errors import ReadWarning
from tests import toy_run
from tests.errors import refuses


def spans(*lengths: int) -> np.ndarray:
    ends = np.cumsum(lengths)
    return np.stack([ends - np.array(lengths), ends, np.arange(len(lengths))], axis=1)


def test_a_corpus_that_is_used_says_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_corpus(spans(5, 4, 1, 6), Usability())
        check_corpus(spans(1, 1, 1), Usability(document_length=1))


def test_a_corpus_that_is_used_in_part_is_counted() -> None:
    with pytest.warns(ReadWarning, match=r"2 of 3 documents .* 2 of 4 sentences \(50%\)"):
        check_corpus(spans(1, 2, 1), Usability())


@pytest.mark.parametrize("lengths", [(1, 1, 1), (), (1,) * 99 + (2,)])
def test_a_corpus_of_next_to_nothing_is_refused_with_the_remedy(lengths: tuple[int, ...]) -> None:
    empty = np.empty((0, 3), int)
    with refuses(setting="split"):
        check_corpus(spans(*lengths) if lengths else empty, Usability(remedy="the remedy"))


@pytest.mark.parametrize(
    ("method", "settings", "length"),
    [
        ("quick-thought", {}, 2),
        ("cpc", {}, 2),
        ("skip-thought", {}, 2),
        ("skip-thought", {"write": "itself"}, 1),
        ("infomax", {}, 1),
        ("compound-pcfg", {}, 1),
    ],
)
def test_methods_that_read_neighbours_need_documents_of_two_sentences(
    method: str, settings: dict[str, str], length: int
) -> None:
    assert toy_run.make(method, settings).usability.document_length == length


@pytest.mark.parametrize("method", METHODS)
def test_short_runs_are_undertrained_and_long_or_empty_ones_are_not(method: str) -> None:
    usability = toy_run.make(method, toy_run.SETTINGS[method][0]).usability
    assert str(usability.steps - 1)[:1] in undertrained(usability.steps - 1, usability)
    assert undertrained(usability.steps, usability) == ""
    assert undertrained(0, usability) == ""


def tickets(path: Path, threads: int) -> Path:
    """Documents of one sentence, and some of three."""
    lines = [
        json.dumps({"text": [f"Ticket {number} is about printer {number % 7}."]}) for number in range(90)
    ]
    lines += [
        json.dumps({"text": [f"Case {case} step {step}." for step in range(3)]}) for case in range(threads)
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_training_on_single_sentences(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    training = TrainingConfig(
        steps=2, batch_size=16, validation=0.0, keep_out=0.0, device="cpu", tracker="none"
    )
    short = tickets(tmp_path / "short.jsonl", 1)
    with refuses(setting="split"):
        api.train("quick-thought", corpus=short, out=tmp_path / "a", training=training, cache=tmp_path)
    api.train("infomax", corpus=short, out=tmp_path / "b", training=training, cache=tmp_path)
    mixed = tickets(tmp_path / "mixed.jsonl", 20)
    with pytest.warns(ReadWarning, match=r"60 of 150 sentences \(40%\)"):
        trained = api.train(
            "quick-thought", corpus=mixed, out=tmp_path / "c", training=training, cache=tmp_path
        )
    assert "2 batches" in trained.outcome.undertrained
    assert "undertrained: 2 batches" in capsys.readouterr().err
