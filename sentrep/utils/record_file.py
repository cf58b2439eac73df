"""Sequences that are on disk: records in a temporary file, and views that read them when they are needed."""

from __future__ import annotations

import itertools
import json
import tempfile
import weakref
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

from sentrep.utils.files import disk_errors

T = TypeVar("T")
S = TypeVar("S")

BLOCK = 4096
"""Records that are read at once when a sequence is iterated."""


class RecordFile(Sequence[Any]):
    """JSON values in a temporary file, which is deleted together with the object. Memory: eight bytes for
    each value.

    Args:
        values: written as they come.

    Raises:
        InputError: the disk is full.

    >>> records = RecordFile([["a", 1], ["b", 2], ["c", 3]])
    >>> len(records), records[1], records[-2:], list(records)[0]
    (3, ['b', 2], [['b', 2], ['c', 3]], ['a', 1])
    """

    def __init__(self, values: Iterable[Any]) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  open as long as the object exists
        weakref.finalize(self, self._file.close)
        self._ends = array("q", [0])
        for value in values:
            with disk_errors(Path(tempfile.gettempdir()) / "records"):
                line = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
                self._file.write(line)
            self._ends.append(self._ends[-1] + len(line))

    def __len__(self) -> int:
        return len(self._ends) - 1

    @overload
    def __getitem__(self, place: int) -> Any: ...

    @overload
    def __getitem__(self, place: slice) -> list[Any]: ...

    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            start, stop, step = place.indices(len(self))
            if step == 1:
                return self._read(start, max(start, stop))
            return [self[at] for at in range(start, stop, step)]
        at = place + len(self) if place < 0 else place
        if not 0 <= at < len(self):
            raise IndexError(place)
        return self._read(at, at + 1)[0]

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self), BLOCK):
            yield from self._read(start, min(start + BLOCK, len(self)))

    def _read(self, start: int, stop: int) -> list[Any]:
        """The values from one number up to another, which is not included."""
        ends = self._ends[start : stop + 1]
        self._file.seek(ends[0])
        raw = self._file.read(ends[-1] - ends[0])
        lines = (raw[one - ends[0] : other - ends[0]] for one, other in itertools.pairwise(ends))
        return [json.loads(line.decode("utf-8", "surrogatepass")) for line in lines]


class View(Sequence[S], Generic[T, S]):
    """A sequence seen through a function, which is called when a value is read.

    Args:
        values: the sequence below.
        of: makes what is seen of a value.
        order: which values are seen, as their numbers in order; all of them by default.

    >>> view = View(["a", "b", "c"], str.upper, order=[2, 0])
    >>> view[0], view[:], len(view), view == ["C", "A"]
    ('C', ['C', 'A'], 2, True)
    """

    def __init__(self, values: Sequence[T], of: Callable[[T], S], order: Sequence[int] | None = None) -> None:
        self._values, self._of, self._order = values, of, order

    def __len__(self) -> int:
        return len(self._values if self._order is None else self._order)

    @overload
    def __getitem__(self, place: int) -> S: ...

    @overload
    def __getitem__(self, place: slice) -> list[S]: ...

    def __getitem__(self, place: int | slice) -> S | list[S]:
        if isinstance(place, slice):
            if self._order is None:
                return [self._of(value) for value in self._values[place]]
            return [self._of(self._values[at]) for at in self._order[place]]
        at = place if self._order is None else self._order[place]
        return self._of(self._values[at])

    def __iter__(self) -> Iterator[S]:
        if self._order is None:
            return map(self._of, self._values)
        return (self._of(self._values[at]) for at in self._order)

    def __eq__(self, other: object) -> bool:
        """Whether the other is a sequence of the same values."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as of a list


class Joined(Sequence[T]):
    """Two sequences, one after the other, without a copy.

    >>> joined = Joined(["a", "b"], ["c"])
    >>> list(joined), joined[2], joined[1:]
    (['a', 'b', 'c'], 'c', ['b', 'c'])
    """

    def __init__(self, one: Sequence[T], other: Sequence[T]) -> None:
        self._one, self._other = one, other

    def __len__(self) -> int:
        return len(self._one) + len(self._other)

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> list[T]: ...

    def __getitem__(self, place: int | slice) -> T | list[T]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        at = place + len(self) if place < 0 else place
        return self._one[at] if at < len(self._one) else self._other[at - len(self._one)]

    def __iter__(self) -> Iterator[T]:
        return itertools.chain(self._one, self._other)
