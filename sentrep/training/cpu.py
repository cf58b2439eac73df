"""How the CPU computes while a run trains on it."""

from __future__ import annotations

import ctypes
import sys

import torch

TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
"""Names that glibc's malloc.h has for what `mallopt` sets."""


def settle_cpu(threads: int | None, alone: bool) -> None:
    """Take so many threads and, where no GPU does the work, keep memory, and make fp32 products by oneDNN, which takes half the
    time of torch's default for the same digits. Only with AMX it would round them to bf16; there the default stays."""
    torch.set_num_threads(threads or torch.get_num_threads())
    if alone:
        keep_memory()
        if not torch.cpu._is_amx_tile_supported():
            torch.set_float32_matmul_precision("medium")


def keep_memory() -> bool:
    """Let this process keep what it frees for the next step, where its C library is glibc; whether it is.

    glibc gives blocks of more than 32 MB back to the system at once, and what is at the top of its heap. To touch memory that comes
    anew takes half a millisecond a megabyte, which is often more than what is done with it.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if set_option is None:
        return False
    return all((set_option(TRIM_THRESHOLD, 2**31 - 1), set_option(TOP_PAD, 1 << 26), set_option(MMAP_MAX, 0)))
