"""Settings of the CPU during training."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD, MMAP_MAX = -1, -2, -3, -4
"""What glibc's malloc.h calls the options of `mallopt`."""
KEEP = {TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 1 << 26, MMAP_MAX: 0}
USUAL = {TRIM_THRESHOLD: 1 << 26, TOP_PAD: 1 << 17, MMAP_THRESHOLD: 1 << 25, MMAP_MAX: 1 << 16}
"""The defaults of glibc. The thresholds are the highest that it sets automatically, which it no longer does
once one of them was set."""


def settle_cpu(threads: int | None, alone: bool) -> None:
    """Sets the number of threads and, without a GPU, computes fp32 products with oneDNN.

    oneDNN takes half the time of torch's default with the same digits. Only with AMX it would round to
    bf16; there the default is kept.
    """
    torch.set_num_threads(threads or torch.get_num_threads())
    if alone and not torch.cpu._is_amx_tile_supported():
        torch.set_float32_matmul_precision("medium")


@contextmanager
def kept_memory() -> Iterator[bool]:
    """Within the block, glibc keeps freed memory for the next step instead of returning it to the system.

    All free memory is returned at the end. With another C library, nothing changes, and False is yielded.

    By default glibc returns blocks of more than 32 MB, and free memory at the top of its heap, at once. Then
    every step pays for page faults: about 0.5 ms per megabyte, often more than the computation takes."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt"):
        yield False
        return
    for option, value in KEEP.items():
        library.mallopt(option, value)
    try:
        yield True
    finally:
        for option, value in USUAL.items():
            library.mallopt(option, value)
        library.malloc_trim(0)
