"""Where the project and the shared data lie."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = ROOT / "scripts"
SHARED = ROOT.parent / "shared"
"""Corpora and benchmarks beside the checkout; tests that need them skip where it is absent."""
SHARED_DATA = SHARED / "data"
