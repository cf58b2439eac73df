"""Many strings in two files: their UTF-8, one after the other, and where each begins.

    NAME.utf8            all strings, without separators
    NAME.offsets.npy     (string + 1,) int64, the position of each string in bytes, and the end

Any string can be stored, lone surrogates too: they come from file names and from broken JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.arrays import GrowingArray, mapped
from sentrep.utils.errors import InputError, damaged

Check = Callable[[str, int, int], None]
"""Called with the name of a file and the first and last byte that are about to be read (last not
included)."""


def files_of(name: str) -> tuple[str, str]:
    """The two files of a string store."""
    return f"{name}.utf8", f"{name}.offsets.npy"


class Strings:
    """A string store, memory-mapped.

    Args:
        folder: where `StringsWriter` put the files.
        name: of the store.
        count: strings in it.
        check: is called before bytes are read.

    Raises:
        InputError: the files do not hold `count` strings.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> Strings.write(folder, "names", ["one", "二"])
    2
    >>> list(Strings(folder, "names", 2))
    ['one', '二']
    """

    def __init__(self, folder: Path, name: str, count: int, check: Check | None = None) -> None:
        content, offsets = files_of(name)
        self._path, self._check = folder / content, check
        if check is not None:
            check(offsets, 0, 1)
        self.offsets: NDArray[np.int64] = mapped(folder / offsets, (count + 1,), "int64")
        self._base = (folder / offsets).stat().st_size - self.offsets.nbytes
        try:
            size = self._path.stat().st_size
            # An empty file cannot be mapped.
            self.content: NDArray[np.uint8] = (
                np.memmap(self._path, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)
            )
        except (OSError, ValueError) as error:
            raise damaged(self._path) from error
        self._read_offsets(count, count + 1)
        if self.offsets[-1] != size:
            raise damaged(self._path)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(f"{number} of {len(self)}")
        first, end = self._read_offsets(number, number + 2).tolist()
        if not 0 <= first <= end <= len(self.content):
            raise damaged(self._path)
        if self._check is not None:
            self._check(self._path.name, first, end)
        try:
            return self.content[first:end].tobytes().decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise damaged(self._path) from error

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))

    def _read_offsets(self, start: int, stop: int) -> NDArray[np.int64]:
        if self._check is not None:
            size = self.offsets.itemsize
            name = self._path.name.removesuffix(".utf8") + ".offsets.npy"
            self._check(name, self._base + start * size, self._base + stop * size)
        return self.offsets[start:stop]

    @staticmethod
    def write(folder: Path, name: str, strings: Iterable[str]) -> int:
        """Write strings as they come; returns how many there were."""
        count = 0
        with StringsWriter(folder, name) as store:
            for count, string in enumerate(strings, start=1):
                if not isinstance(string, str):
                    raise InputError(
                        f"{name}: number {count - 1} is not a string but {string!r}", setting=name
                    )
                store.append(string)
        return count


class StringsWriter:
    """A string store that is being written; complete when the ``with`` block ends."""

    def __init__(self, folder: Path, name: str) -> None:
        content, offsets = files_of(name)
        self._content = (folder / content).open("wb")
        self._offsets = GrowingArray(folder / offsets)
        self._end = 0
        self._waiting = [0]

    def __enter__(self) -> StringsWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
        finally:
            self._offsets.__exit__(kind, error, trace)
            self._content.close()

    def append(self, string: str) -> None:
        """Write one more string."""
        encoded = string.encode("utf-8", "surrogatepass")
        self._content.write(encoded)
        self._end += len(encoded)
        self._waiting.append(self._end)
        if len(self._waiting) >= 4096:
            self._flush()

    def extend(self, text: bytes, lengths: Sequence[int] | NDArray[np.int64]) -> None:
        """Write strings that stand one after the other in `text`, with their lengths in bytes."""
        self._flush()
        self._content.write(text)
        self._offsets.append(self._end + np.cumsum(np.asarray(lengths, np.int64)))
        self._end += len(text)

    def _flush(self) -> None:
        self._offsets.append(self._waiting)
        self._waiting = []
