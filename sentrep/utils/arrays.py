"""Arrays on disk: memory-mapped for reading, growing while they are written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.errors import damaged


def mapped(path: Path, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """Memory-map a .npy file of this shape and type.

    Raises:
        InputError: the file cannot be read, or holds anything else, such as pickled objects.
    """
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # a damaged header is parsed as Python, and any error of the parser may come
        raise damaged(path) from error
    if getattr(array, "shape", None) != shape or array.dtype != dtype:
        raise damaged(path)
    return array


class GrowingArray:
    """An array that grows along its first axis in a .npy file.

    Args:
        path: the file; it is complete when the ``with`` block ends.
        dtype: of the values.
        width: length of the second axis; None for a vector.
    """

    def __init__(self, path: Path, dtype: str = "int64", width: int | None = None) -> None:
        self._file = path.open("wb")
        self._dtype, self._width = np.dtype(dtype), width
        self._length = 0
        self._head()

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._head()
                self._file.flush()

    def __len__(self) -> int:
        return self._length

    def append(self, values: Sequence[int] | NDArray[Any]) -> None:
        """Write more values (value,) or rows (row, width)."""
        rows = np.asarray(values, self._dtype)
        self._file.write(rows.tobytes())
        self._length += len(rows)

    def _head(self) -> None:
        # Always as long: NumPy leaves room for the digits of a first axis that grows.
        shape = (self._length,) if self._width is None else (self._length, self._width)
        header: dict[str, Any] = {
            "descr": np.lib.format.dtype_to_descr(self._dtype),
            "fortran_order": False,
            "shape": shape,
        }
        np.lib.format.write_array_header_1_0(self._file, header)
