"""An order that depends on the texts alone, so that findings do not depend on the order of the input."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def order_of(texts: Sequence[str]) -> NDArray[np.int64]:
    """Numbers (text,) of texts in the order of a hash of 64 bits; equal texts as they come.

    >>> some = ["a", "b", "c"]
    >>> [some[at] for at in order_of(some)] == [some[::-1][at] for at in order_of(some[::-1])]
    True
    """
    hashes = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts
    )
    return np.argsort(np.frombuffer(hashes, "<u8"), kind="stable").astype(np.int64)
