"""Arrays and strings that grow on disk, so that a corpus never has to be held in memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray


class GrowingArray:
    """An int64 array that grows in a .npy file. The header is written again at the end, when the length is
    known."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._length = 0
        self._head()

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.seek(0)
        self._head()
        self._file.close()

    def append(self, values: Sequence[int] | NDArray[np.int64]) -> None:
        self._file.write(np.asarray(values, np.int64).tobytes())
        self._length += len(values)

    def _head(self) -> None:
        # Always as long: numpy leaves room for the digits of a first axis that grows.
        header: dict[str, Any] = {"descr": "<i8", "fortran_order": False, "shape": (self._length,)}
        np.lib.format.write_array_header_1_0(self._file, header)


class GrowingStrings:
    """Strings that are appended to one file, and their offsets."""

    def __init__(self, folder: Path, name: str) -> None:
        self._text = (folder / f"{name}.bin").open("wb")
        self._offsets = GrowingArray(folder / f"{name}_offsets.npy")
        self._offsets.append([0])
        self._end = 0

    def __enter__(self) -> GrowingStrings:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._text.close()
        self._offsets.__exit__(kind, error, trace)

    def extend(self, text: bytes, lengths: Sequence[int] | NDArray[np.int64]) -> None:
        """Append strings that lie one after the other in `text`."""
        self._text.write(text)
        bounds = self._end + np.cumsum(np.asarray(lengths, np.int64))
        self._offsets.append(bounds)
        self._end += len(text)
