"""The number of cores, on systems that say which of them a process may use and on others."""

from __future__ import annotations

import os

import pytest

from sentrep.training.run_file import machine
from sentrep.utils.cpu import cores


def test_without_affinity_all_cores_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == machine()["cores"] == 7
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
