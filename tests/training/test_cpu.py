"""What the CPU is told before a run."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
from sentrep.training.cpu import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.zeros(40, 1 << 18)  # 40 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fresh = faults()
print(keep_memory(), fresh, (faults(), faults())[1])
"""


def test_memory_that_was_freed_is_used_again() -> None:
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    kept, fresh, again = run.stdout.split()
    if kept == "False":
        pytest.skip("this C library has no mallopt")
    assert int(again) < int(fresh) / 10
