"""The signs of vectors, packed into bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def sign_bits(vectors: NDArray[np.floating]) -> NDArray[np.uint8]:
    """One bit a value: 1 where it is above 0.

    Args:
        vectors: (row, width).

    Returns:
        (row, bytes), eight values a byte, the first in the highest bit; the last byte is filled with 0.

    >>> sign_bits(np.array([[0.5, -1.0, 0.0, 2.0]])).tolist()
    [[144]]
    """
    bits: NDArray[np.uint8] = np.packbits(np.asarray(vectors) > 0, axis=1)
    return bits


def signs(bits: NDArray[np.uint8], width: int) -> NDArray[np.float32]:
    """The vectors (row, width) of 1 and -1 that `sign_bits` packed.

    >>> signs(np.array([[144]], np.uint8), 4).tolist()
    [[1.0, -1.0, -1.0, 1.0]]
    """
    unpacked = np.unpackbits(bits, axis=1, count=width)
    return unpacked.astype(np.float32) * 2 - 1


def byte_width(width: int) -> int:
    """Bytes that hold the bits of a vector.

    >>> byte_width(384), byte_width(10)
    (48, 2)
    """
    return -(-width // 8)
