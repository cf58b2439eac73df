"""What the C library keeps of the memory that was freed."""

from __future__ import annotations

import ctypes
import sys
from functools import cache


@cache
def glibc() -> ctypes.CDLL | None:
    """The C library of this process if it is glibc, which can be told how to keep memory; else None."""
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    return library if library and hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def give_back_freed() -> None:
    """Give freed memory back to the system. Nothing happens where the C library is not glibc.

    Tensors of many sizes leave gaps in the heap of glibc. Their pages stay with the process, so that it grows
    over a long run although nothing is held.
    """
    if library := glibc():
        library.malloc_trim(0)
