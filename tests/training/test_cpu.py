"""What the CPU is told before a run."""

from __future__ import annotations

import subprocess
import sys

import pytest

FAULTS = """
import resource
import torch
from sentrep.training.cpu import kept_memory

def memory():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        torch.zeros(40, 1 << 18)  # 40 MB
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

before = faults()
with kept_memory() as kept:
    for _ in range(10):  # what is small may lie where a block was, which then fits no more: so it takes a few
        faults()
    print(kept, before, faults(), end=" ")
    several = [torch.ones(40, 1 << 18) for _ in range(5)]
    del several
    print(memory(), end=" ")
print(memory())
"""


@pytest.mark.slow
def test_memory_that_was_freed_is_used_again_and_given_back_in_the_end() -> None:
    run = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    kept, before, again, meanwhile, after = run.stdout.split()
    if kept == "False":
        pytest.skip("this C library has no mallopt")
    assert int(again) < int(before) / 10
    assert int(meanwhile) - int(after) > 150
