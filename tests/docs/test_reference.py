"""The API reference builds offline, without broken references."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from sentrep.methods.registry import METHODS
from tests.paths import ROOT

SCRIPT = ROOT / "docs" / "build_reference.py"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(SCRIPT))


def test_references_are_checked(script: dict[str, Any]) -> None:
    assert script["exists"]("sentrep.utils.errors.InputError")
    assert script["exists"]("sentrep.train")
    assert script["exists"]("sentrep.training.config.TrainingConfig.epochs")
    assert not script["exists"]("sentrep.train_it")
    assert not script["exists"]("sentrep.utils.errors.InputError.nothing")
    module = types.ModuleType("m", "See `sentrep.nothing.here` and `sentrep.train`.")
    assert list(script["broken_references"](module)) == ["m: `sentrep.nothing.here` does not exist"]


@pytest.mark.slow
def test_the_reference_builds_offline(tmp_path: Path) -> None:
    pytest.importorskip("pdoc", reason="pip install '.[docs]'")
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, SCRIPT, tmp_path], capture_output=True, text=True, env=os.environ | offline, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    pages = {str(page.relative_to(tmp_path)) for page in tmp_path.rglob("*.html")}
    assert "index.html" in pages
    for entry in METHODS.values():
        assert entry.config.__module__.replace(".", "/") + ".html" in pages
    assert "build_index" in (tmp_path / "sentrep.html").read_text(encoding="utf-8")
