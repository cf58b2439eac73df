"""A budget of minutes decides which candidates are fitted, and what is left out is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from sentrep.data.truncation import Truncation
from sentrep.inference.names import Located
from sentrep.inference.units import Units
from sentrep.pipelines.build import teacher
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.candidates import Dense, fitted_candidates
from sentrep.pipelines.build.teacher import Teacher, teacher_of
from sentrep.pipelines.build.text import Text
from sentrep.utils.errors import InputError
from tests.pipelines.build.test_holdout import document, texts


def thirty(folder: Path) -> Text:
    """Thirty documents."""
    documents = [document(str(at), one) for at, one in enumerate(texts(30))]
    return Text.write(documents, Units(), folder / "thirty.jsonl")


def test_what_takes_longer_than_there_is_left_is_left_out() -> None:
    assert Budget(5).objection(200) == ""
    assert "minutes" in Budget(5).objection(400)
    assert Budget(0).objection(0.1)
    with pytest.raises(InputError) as raised:
        Budget(-1)
    assert raised.value.setting == "minutes"


def test_left_out_candidates_are_named(tmp_path: Path) -> None:
    text = Text.write(
        [document(str(at), one) for at, one in enumerate(texts(30))], Units(), tmp_path / "t.jsonl"
    )
    said = list[str]()

    def never(_: Text, out: Path) -> NoReturn:
        raise AssertionError(out)

    slow = Dense("a slow model", 1, 1, never, lambda text, budget: budget.objection(1e6))
    found = list(fitted_candidates([slow], text, tmp_path, "", Budget(1), said.append))
    assert [one.name for one, _ in found] == ["BM25"]
    assert len(said) == 1
    assert "a slow model" in said[0]


def test_the_teacher_that_is_meant(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert teacher_of(None, "english") is None
    assert teacher_of("none", "english") is None
    assert teacher_of("auto", "german") is None
    with pytest.raises(InputError):
        teacher_of(tmp_path / "none", "english")

    def missing(*_: object, **__: object) -> None:
        raise InputError("the package is not installed")

    monkeypatch.setattr(teacher, "locate", missing)
    assert teacher_of("auto", "english") is None


def test_a_teacher_reads_each_text_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[str]()

    class Lengths:
        truncation = Truncation()

        def __call__(self, given: Sequence[str]) -> np.ndarray:
            read.extend(given)
            return np.array([[len(text), 1.0] for text in given], np.float32)

    monkeypatch.setattr(teacher, "opened", lambda *_: object())
    monkeypatch.setattr(teacher, "encoding", lambda _: Lengths())
    model = Teacher(Located("mine", "somewhere"))
    assert model.encode(["one two", "five", "one two"])[:, 0].tolist() == [7, 4, 7]
    assert model.encode(["five"])[:, 0].tolist() == [4]
    assert read == ["one two", "five"]
    some = ["one two three"] * 30
    assert model.seconds(some, 10**9) > model.seconds(some, 1) >= 0
