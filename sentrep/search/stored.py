"""Vectors in a file, read in pieces: building an index over them takes the memory of one piece."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

CHUNK = 16_384
"""Vectors read at once."""


class VectorSource(Protocol):
    """Vectors that can be read in order and by their rows."""

    def __len__(self) -> int: ...
    @property
    def width(self) -> int: ...
    def chunks(self) -> Iterator[NDArray[np.floating]]:
        """All vectors in order, some (row, width) at a time."""
        ...

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.floating]:
        """The vectors (row, width) of some rows."""
        ...


class ArrayVectors:
    """Vectors in memory, (row, width)."""

    def __init__(self, vectors: NDArray[np.floating]) -> None:
        self._vectors = vectors
        self.width = int(vectors.shape[1])

    def __len__(self) -> int:
        return len(self._vectors)

    def chunks(self) -> Iterator[NDArray[np.floating]]:
        return (self._vectors[first : first + CHUNK] for first in range(0, len(self), CHUNK))

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.floating]:
        return self._vectors[rows]


class StoredVectors:
    """Vectors in a .npy file of shape (row, width).

    The file is read, not mapped: mapped pages would count as memory of the process.
    """

    def __init__(self, path: Path) -> None:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        self._path, self._count, self.width = path, len(mapped), int(mapped.shape[1])
        self._dtype, self._offset = mapped.dtype, path.stat().st_size - mapped.nbytes

    def __len__(self) -> int:
        return self._count

    def chunks(self) -> Iterator[NDArray[np.floating]]:
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for _ in range(0, self._count, CHUNK):
                rows = np.fromfile(file, self._dtype, CHUNK * self.width)
                yield rows.reshape(-1, self.width)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.floating]:
        size = self.width * self._dtype.itemsize
        found = np.empty((len(rows), self.width), self._dtype)
        with self._path.open("rb", buffering=0) as file:
            for place, row in enumerate(rows.tolist()):
                file.seek(self._offset + row * size)
                file.readinto(found[place].data)
        return found
