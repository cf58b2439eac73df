"""Vectors that are computed once for each text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from sentrep.data.truncation import Truncation

Vectors = NDArray[np.float32]


class Remembered:
    """Returns the vector of each text, and computes it only once.

    Tasks share texts, and a fusion encodes the same texts as its dense model.

    Args:
        encode: texts to vectors, (text, width).
        truncation: what `encode` counts of the tokens that it does not read.

    >>> calls = []
    >>> def encode(texts):
    ...     calls.append(list(texts))
    ...     return np.ones((len(texts), 2), np.float32)
    >>> remembered = Remembered(encode)
    >>> remembered.encode(["a", "b", "a"]).shape, remembered.encode(["b", "c"]).shape
    ((3, 2), (2, 2))
    >>> calls
    [['a', 'b'], ['c']]
    """

    def __init__(
        self, encode: Callable[[Sequence[str]], Vectors], truncation: Truncation | None = None
    ) -> None:
        self._encode, self._rows = encode, dict[str, Vectors]()
        self.truncation = truncation or Truncation()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors (text, width), in the order given."""
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if new:
            self._rows.update(zip(new, self._encode(new), strict=True))
        return np.stack([self._rows[text] for text in texts]) if len(texts) else self._encode([])
