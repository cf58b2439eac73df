"""Memory of the fast path while it meets ever new numbers of tokens."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from tests.toy_run import start

WIDTH, FIRST, ALL = 64, 300, 1200
MOST = 100
"""Megabytes by which memory may grow over the shapes after the first ones; more without the limit."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="private memory is read from /proc"),
    pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="oneDNN compiles the products"),
]


def private_megabytes() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssAnon:"))) // 1024


def multiply_many_shapes() -> None:
    """Multiply ever other numbers of rows, in bfloat16."""
    from sentrep.encoders.fast.attention import attend
    from sentrep.encoders.fast.linear import PackedLinear

    torch.set_num_threads(1)
    layer = PackedLinear(torch.randn(3 * WIDTH, WIDTH), None, torch.bfloat16)
    for shape in range(ALL):
        if shape == FIRST:
            before = private_megabytes()
        length, count = 4 + shape % 60, 1 + shape // 60
        attend(layer(torch.randn(length * count, WIDTH).bfloat16()), length, 4, None)
    assert private_megabytes() - before < MOST


def test_compiled_products_do_not_pile_up() -> None:
    process = start(multiply_many_shapes)
    process.join(300)
    assert process.exitcode == 0
