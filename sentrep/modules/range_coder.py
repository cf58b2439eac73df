"""A range coder over integers: symbols to bytes and back, at the cost of −log₂ p bits a symbol.

All arithmetic is on integers, so encoder and decoder agree on every machine if they are given the same
counts.

Reference:
    "Range encoding: an algorithm for removing redundancy from a digitised message", Martin, Video & Data
    Recording Conference 1979; carry-free normalisation by Subbotin, 1999.

>>> encoder = RangeEncoder()
>>> for symbol in (2, 0, 2):
...     encoder.encode([0, 1, 2, 8], symbol)
>>> decoder = RangeDecoder(encoder.finish())
>>> [decoder.decode([0, 1, 2, 8]) for _ in range(3)]
[2, 0, 2]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BITS = 64
MASK = (1 << BITS) - 1
TOP, BOTTOM = 1 << (BITS - 8), 1 << (BITS - 16)
TOTAL = 1 << 24
"""Sum of the counts that `cumulative_counts` returns."""


class _Range:
    """The interval that both sides narrow: `low` and `width`."""

    def __init__(self) -> None:
        self.low, self.width = 0, MASK

    def narrow(self, first: int, last: int, total: int) -> None:
        """Takes the part of a symbol."""
        step = self.width // total
        self.low = (self.low + first * step) & MASK
        self.width = (last - first) * step

    def settled(self) -> bool:
        """Whether the first byte of the interval is known; a narrow interval is cut so that it is."""
        if (self.low ^ (self.low + self.width)) & MASK < TOP and self.low + self.width <= MASK:
            return True
        if self.width >= BOTTOM:
            return False
        self.width = -self.low & (BOTTOM - 1)
        return True

    def shift(self) -> None:
        """Drops the first byte."""
        self.low, self.width = (self.low << 8) & MASK, (self.width << 8) & MASK


class RangeEncoder:
    """Writes symbols."""

    def __init__(self) -> None:
        self._range, self._bytes = _Range(), bytearray()

    def encode(self, cumulative: Sequence[int], symbol: int) -> None:
        """Writes a symbol.

        Args:
            cumulative: counts of all symbols before each symbol, and at the end the sum of all.
            symbol: its count is above 0.
        """
        self._range.narrow(int(cumulative[symbol]), int(cumulative[symbol + 1]), int(cumulative[-1]))
        while self._range.settled():
            self._bytes.append(self._range.low >> (BITS - 8))
            self._range.shift()

    def finish(self) -> bytes:
        """Returns all bytes: as few as end inside the interval, zeros at the end left out."""
        low, high = self._range.low, min(MASK, self._range.low + self._range.width - 1)
        for kept in range(BITS // 8 + 1):
            unit = 1 << (BITS - 8 * kept)
            value = -(-low // unit) * unit
            if value <= high:
                break
        ending = value.to_bytes(BITS // 8, "big")
        return bytes(self._bytes + ending).rstrip(b"\0")


class RangeDecoder:
    """Reads symbols.

    Args:
        data: what a `RangeEncoder` returned.
    """

    def __init__(self, data: bytes) -> None:
        self._range, self._data, self._place = _Range(), data, 0
        self._value = 0
        for _ in range(BITS // 8):
            self._read()

    def decode(self, cumulative: Sequence[int]) -> int:
        """Returns the next symbol; see `RangeEncoder.encode`."""
        total = int(cumulative[-1])
        step = self._range.width // total
        place = min(((self._value - self._range.low) & MASK) // step, total - 1)
        symbol = bisect_right(cumulative, place) - 1
        self._range.narrow(int(cumulative[symbol]), int(cumulative[symbol + 1]), total)
        while self._range.settled():
            self._range.shift()
            self._read()
        return symbol

    def _read(self) -> None:
        byte = self._data[self._place] if self._place < len(self._data) else 0
        self._place += 1
        self._value = ((self._value << 8) & MASK) | byte


class AdaptiveModel:
    """Counts of symbols that grow with each symbol that is coded.

    Args:
        size: number of symbols.
        first: counts at the beginning; 1 each if None.

    >>> model, encoder = AdaptiveModel(3), RangeEncoder()
    >>> for symbol in (1, 1, 2):
    ...     model.encode(encoder, symbol)
    >>> again, decoder = AdaptiveModel(3), RangeDecoder(encoder.finish())
    >>> [again.decode(decoder) for _ in range(3)]
    [1, 1, 2]
    """

    def __init__(self, size: int, first: Sequence[int] | None = None) -> None:
        self.counts = [1] * size if first is None else list(first)

    def encode(self, encoder: RangeEncoder, symbol: int) -> None:
        """Writes a symbol and counts it."""
        encoder.encode(self._cumulative(), symbol)
        self._count(symbol)

    def decode(self, decoder: RangeDecoder) -> int:
        """Reads a symbol and counts it."""
        symbol = decoder.decode(self._cumulative())
        self._count(symbol)
        return symbol

    def _cumulative(self) -> list[int]:
        sums = [0]
        for count in self.counts:
            sums.append(sums[-1] + count)
        return sums

    def _count(self, symbol: int) -> None:
        self.counts[symbol] += GROWTH
        if self.counts[symbol] > LIMIT:
            self.counts = [(count + 1) // 2 for count in self.counts]


GROWTH = 24
"""Added to the count of a symbol that was coded."""
LIMIT = 1 << 16
"""Counts are halved beyond."""


def cumulative_counts(log_probs: NDArray[np.float32]) -> NDArray[np.int64]:
    """Returns cumulative counts of rows of log-probabilities, (row, symbol + 1); no count is 0.

    >>> cumulative_counts(np.log(np.array([[0.5, 0.25, 0.25]], np.float32))).tolist()
    [[0, 8388607, 12582911, 16777215]]
    """
    shares = np.exp(log_probs.astype(np.float64))
    shares /= shares.sum(1, keepdims=True)
    counts = np.floor(shares * (TOTAL - shares.shape[1])).astype(np.int64) + 1
    return np.concatenate([np.zeros((len(counts), 1), np.int64), counts.cumsum(1)], 1)
