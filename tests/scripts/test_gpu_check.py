"""The GPU check, exercised on the CPU: it passes where all is well, and says so where something is not."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sentrep.methods.registry import CORPUS_ONLY, METHODS
from tests.paths import ROOT

KINDS = ["bag", "gru", "transformer"]


@pytest.fixture
def check() -> Any:
    spec = importlib.util.spec_from_file_location("gpu_check", ROOT / "scripts" / "gpu_check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_check"] = module
    spec.loader.exec_module(module)
    return module


def started(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(ROOT / "scripts" / "gpu_check"), *arguments]
    environment = {**os.environ, "PYTHON": sys.executable}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.slow
def test_all_checks_pass_on_the_cpu(check: Any, tmp_path: Path) -> None:
    done = started("--device", "cpu", "--encoders", *KINDS, "--out", str(tmp_path / "report.json"))
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text())
    assert {(row["method"], row["encoder"]) for row in report["rows"]} == {
        (method, kind) for method in CORPUS_ONLY for kind in KINDS
    }
    for row in report["rows"]:
        assert row["failures"] == []
        assert row["resumed"] == "same"
        if METHODS[row["method"]].comparable_losses:
            assert row["difference"] <= row["tolerance"] <= 0.1
            assert row["last_loss"] < row["first_loss"]
        assert row["sentences_per_second"] > 0
        assert row["peak_megabytes"] > 0
        assert f"| {row['method']} | {row['encoder']} |" in done.stdout


@pytest.mark.slow
def test_no_gpu_is_said_plainly(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    done = started("--device", "cuda", "--out", str(tmp_path / "report.json"))
    assert done.returncode == 2
    assert "--device cpu" in done.stderr
    assert not (tmp_path / "report.json").exists()


GOOD = {
    "digest": "a",
    "losses": [2.0, 1.0],
    "held_out": [2.0, 1.0],
    "sentences_per_second": 9.0,
    "peak_megabytes": 1.0,
}


@pytest.mark.parametrize(
    ("runs", "resumed", "failure"),
    [
        ({}, "same", None),
        ({"run": {"digest": "b"}}, "other", "ends elsewhere"),
        ({"run": {"digest": "b"}, "again": {"digest": "c"}}, "unrepeatable", "two equal runs differ"),
        ({"reference": {"losses": [2.0, 1.1]}}, "same", "9.1% from those of the CPU"),
        ({"reference": {"losses": [2.0, float("nan")]}}, "same", "from those of the CPU"),
        ({"whole": {"held_out": [1.0, 1.0]}}, "same", "does not fall"),
    ],
)
def test_each_check_can_fail(
    check: Any,
    monkeypatch: pytest.MonkeyPatch,
    runs: dict[str, dict[str, Any]],
    resumed: str,
    failure: str | None,
) -> None:
    monkeypatch.setattr(
        check, "run", lambda case, out, die_at=0, reference=False: GOOD | runs.get(out.name, {})
    )
    row = check.check(
        check.Case("quick-thought", "bag", "cpu", check.SIZES["cpu"], "", "", False), Path("nowhere")
    )
    assert row.resumed == resumed
    assert failure is None if not row.failures else failure is not None and failure in row.failures[0]


def test_a_process_that_fails_is_a_failed_check(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: Any, out: Path, die_at: int = 0, reference: bool = False) -> dict[str, Any]:
        if die_at:
            raise RuntimeError(f"{out.name}: exit status 0 instead of -9")
        return GOOD

    monkeypatch.setattr(check, "run", broken)
    row = check.check(
        check.Case("quick-thought", "bag", "cpu", check.SIZES["cpu"], "", "", False), Path("nowhere")
    )
    assert row.failures == ["run: exit status 0 instead of -9"]
    assert "exit status 0" in check.table("cpu", [row])
