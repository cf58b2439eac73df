"""Memory that was freed goes back to the system."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sentrep.utils.memory import give_back_freed, glibc

GAPS = """
import resource
from sentrep.utils.memory import give_back_freed

def memory():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() >> 20

blocks = [bytearray(1 << 16) for _ in range(4000)]  # 250 MB of the heap
last = bytearray(1 << 16)  # which holds the end of the heap
del blocks
before = memory()
give_back_freed()
print(before, memory())
"""


@pytest.mark.skipif(glibc() is None, reason="the C library is not glibc")
def test_memory_between_blocks_that_are_used_is_given_back() -> None:
    run = subprocess.run([sys.executable, "-c", GAPS], capture_output=True, text=True, check=True)
    before, after = map(int, run.stdout.split())
    assert before > 200
    assert after < before - 200


def test_nothing_happens_with_another_c_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    glibc.cache_clear()
    try:
        assert glibc() is None
        give_back_freed()
    finally:
        glibc.cache_clear()
