"""What is known of a model from where it lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sentrep.inference.eval_adapter import made_by


def run(path: Path, seed: int, lr: float = 0.1) -> Path:
    (path / "model").mkdir(parents=True)
    (path / "run.json").write_text(
        json.dumps({"run": {"method": "quick-thought", "training": {"seed": seed, "lr": lr}}})
    )
    return path


def test_runs_that_differ_by_their_seed_alone_share_a_method(tmp_path: Path) -> None:
    one, other, faster = run(tmp_path / "a", 1), run(tmp_path / "b", 2), run(tmp_path / "c", 2, lr=0.2)
    assert made_by(one)[0] == made_by(other)[0] != made_by(faster)[0]
    assert made_by(one)[0].startswith("quick-thought (settings ")
    assert [made_by(path)[1] for path in (one, other)] == [1, 2]
    assert made_by(one / "model") == made_by(one)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"run": {"method": "x", "training": null}}'])
def test_of_other_models_nothing_is_claimed(tmp_path: Path, content: str) -> None:
    assert made_by(tmp_path / "nowhere") == ("", None)
    (tmp_path / "run.json").write_text(content)
    assert made_by(tmp_path) == ("", None)
