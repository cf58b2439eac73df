"""Standard output that cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["--version", "terms --help", "terms --corpus texts.txt"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_standard_output_on_a_full_disk_is_one_line(tmp_path: Path, arguments: str, unbuffered: str) -> None:
    (tmp_path / "texts.txt").write_text("The red dog runs. The red dog barks.\n" * 20)
    root = Path(__file__).resolve().parents[2]
    environment = os.environ | {"PYTHONUNBUFFERED": unbuffered, "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "sentrep", *arguments.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("sentrep: no space left")
    assert "Traceback" not in done.stderr
