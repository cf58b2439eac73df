"""Shared by the scripts of recorded runs: print and run a command, write a file of lines."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


def sentrep(*words: str) -> None:
    """Print a command and run it."""
    print("sentrep", *words, flush=True)
    subprocess.run([sys.executable, "-m", "sentrep", *words], check=True)


def write_lines(file: Path, content: Iterable[str]) -> None:
    """Write one text per line, in UTF-8."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(line + "\n" for line in content), encoding="utf-8")
