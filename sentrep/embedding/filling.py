"""Shards filled with texts and their vectors, encoded piece by piece, here or by other processes."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sentrep.embedding.dtypes import narrowed
from sentrep.embedding.info import EmbeddedInfo
from sentrep.embedding.items import Item, Record, checked, lines_of
from sentrep.embedding.resume import consume
from sentrep.utils.errors import InputError

EncodeAll: TypeAlias = Callable[[Iterator[list[str]]], Iterator[NDArray[np.float32]]]
"""Batches of texts to their vectors, in order; on one machine ``functools.partial(map, encode)``."""


@dataclass
class FilledShard:
    """A shard that is complete or being filled."""

    number: int
    items: list[Item] = field(default_factory=list)
    lines: bytes = b""
    _rows: NDArray[np.float32] | None = None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """(item, width)."""
        assert self._rows is not None
        return self._rows[: len(self.items)]

    @property
    def content(self) -> str:
        """sha256 of the lines."""
        return hashlib.sha256(self.lines).hexdigest()

    def add(self, items: Sequence[Item], vectors: NDArray[np.float32], size: int) -> None:
        """Append items with their vectors to a shard of at most `size` items."""
        if self._rows is None:
            self._rows = np.empty((size, vectors.shape[1]), np.float32)
        self._rows[len(self.items) : len(self.items) + len(items)] = vectors
        self.items += items
        self.lines += lines_of(items)


class _Piece(NamedTuple):
    """Items of one shard that are encoded at once."""

    shard: int
    first: int
    """Number of the first item in the input."""
    items: list[Item]
    last: bool
    """Whether the shard is full with it."""


def filled_shards(
    encode_all: EncodeAll, given: Iterator[Record], info: EmbeddedInfo, passed: int, piece: int
) -> Iterator[FilledShard]:
    """The shards that are to be written, in order.

    Args:
        encode_all: batches of texts to their vectors.
        given: the input, from where the finished shards end.
        info: which shards are wanted, and how vectors are cut.
        passed: items of the input before `given`.
        piece: items that are encoded at once.
    """
    waiting, shard, width = deque[_Piece](), None, None
    for vectors in encode_all(_texts(_pieces(given, info, passed, piece), waiting)):
        done = waiting.popleft()
        texts = [item.text for item in done.items]
        whole = encoded(vectors, texts, done.first, width)
        width = whole.shape[1]
        kept = _fitting(narrowed(whole, info.dimensions), info)
        shard = shard or FilledShard(done.shard)
        shard.add(done.items, kept, info.shard)
        if done.last:
            yield shard
            shard = None
    if shard:
        yield shard


def encoded(
    vectors: NDArray[np.float32], texts: Sequence[str], first: int, width: int | None
) -> NDArray[np.float32]:
    """Vectors of some texts as float32, checked.

    Args:
        vectors: what the encoder gave.
        texts: of which.
        first: the number of the first text, from 0, for messages.
        width: of the vectors before, if there were any.

    Raises:
        InputError: there is not one vector for each text, a width differs, or a value is not finite.
    """
    made = np.asarray(vectors, dtype=np.float32)
    if made.ndim != 2 or len(made) != len(texts) or made.shape[1] != (width or made.shape[1]):
        expected = f"({len(texts)}, {width or 'width'})"
        raise InputError(
            f"the encoder gave vectors of shape {made.shape}, expected {expected}", setting="model"
        )
    bad = np.flatnonzero(~np.isfinite(made).all(axis=1))
    if len(bad):
        number, text = first + int(bad[0]), texts[bad[0]]
        raise InputError(
            f"the vector of text {number + 1} is not finite (did the model diverge?): {text[:80]!r}",
            setting="model",
        )
    return made


def _fitting(vectors: NDArray[np.float32], info: EmbeddedInfo) -> NDArray[np.float32]:
    """The vectors, if they are as wide as those of the finished shards."""
    if info.width not in (None, vectors.shape[1]):
        raise InputError(
            f"the encoder gave vectors of width {vectors.shape[1]}, expected {info.width} as in shards "
            "before",
            setting="model",
        )
    return vectors


def _pieces(given: Iterator[Record], info: EmbeddedInfo, passed: int, size: int) -> Iterator[_Piece]:
    """The items of the shards of this part, some at a time; other parts' items are passed over."""
    number = info.part + info.parts * len(info.counts)
    while True:
        start = number * info.shard
        passed += consume(given, start - passed)
        while passed < start + info.shard:
            items = checked(islice(given, min(size, start + info.shard - passed)), passed)
            if not items:
                return
            first, passed = passed, passed + len(items)
            yield _Piece(number, first, items, passed == start + info.shard)
        number += info.parts


def _texts(pieces: Iterator[_Piece], waiting: deque[_Piece]) -> Iterator[list[str]]:
    """The texts of each piece, which is put into `waiting` until its vectors come."""
    for piece in pieces:
        waiting.append(piece)
        yield [item.text for item in piece.items]
