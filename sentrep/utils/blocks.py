"""Checksums of blocks, so that what is read of a large file is checked without reading all of it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.arrays import mapped
from sentrep.utils.errors import damaged
from sentrep.utils.manifest import FileStamp

BLOCK = 1 << 16
"""Bytes that have a checksum of their own."""


def stamp_files(folder: Path, names: Iterable[str], sums: str) -> dict[str, FileStamp]:
    """Stamp files, and write the checksums of their blocks to the file `sums`, which is stamped as well."""
    stamps, blocks = dict[str, FileStamp](), list[NDArray[np.uint32]]()
    for name in names:
        stamps[name], found = _stamp(folder / name)
        blocks.append(found)
    with (folder / sums).open("wb") as file:
        np.save(file, np.concatenate(blocks), allow_pickle=False)
    return {**stamps, sums: FileStamp.of(folder / sums)}


class BlockChecks:
    """Checks blocks of files when they are read for the first time.

    Args:
        folder: of the files.
        stamps: of the files, in the order in which `stamp_files` was given them.
        sums: the file with the checksums, whose own checksum is compared at once.
    """

    def __init__(self, folder: Path, stamps: dict[str, FileStamp], sums: str) -> None:
        if FileStamp.of(folder / sums) != stamps[sums]:
            raise damaged(folder / sums)
        self._folder, self._first = folder, dict[str, int]()
        self._counts = {name: _blocks(stamp.bytes) for name, stamp in stamps.items()}
        count = 0
        for name in stamps:
            if name != sums:
                self._first[name] = count
                count += self._counts[name]
        self._sums = np.array(mapped(folder / sums, (count,), "uint32"))
        self._open = np.ones(count, bool)

    def check(self, name: str, start: int, stop: int) -> None:
        """Compare the blocks that hold the bytes from `start` to before `stop`. InputError if one differs."""
        self.check_blocks(name, np.arange(start // BLOCK, _blocks(stop)))

    def check_rows(self, name: str, offset: int, size: int, rows: NDArray[np.int64]) -> None:
        """Compare the blocks that hold rows of `size` bytes, the first of which begins at `offset`."""
        starts = offset + np.unique(rows) * size
        span = -(-size // BLOCK)
        blocks = np.concatenate(
            [np.minimum(starts + step * BLOCK, starts + size - 1) for step in range(span + 1)]
        )
        self.check_blocks(name, np.unique(blocks // BLOCK))

    def check_blocks(self, name: str, blocks: NDArray[np.int64]) -> None:
        """Compare blocks by their numbers, each once in the life of this object."""
        first = self._first[name]
        if len(blocks) and not 0 <= blocks.min() <= blocks.max() < self._counts[name]:
            raise damaged(self._folder / name)  # shorter than what is to be read of it
        todo = blocks[self._open[first + blocks]]
        if not len(todo):
            return
        with (self._folder / name).open("rb") as file:
            for block in todo.tolist():
                file.seek(block * BLOCK)
                if zlib.crc32(file.read(BLOCK)) != self._sums[first + block]:
                    raise damaged(self._folder / name)
                self._open[first + block] = False


def _stamp(path: Path) -> tuple[FileStamp, NDArray[np.uint32]]:
    whole, sums = hashlib.sha256(), list[int]()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            whole.update(block)
            sums.append(zlib.crc32(block))
    return FileStamp(path.stat().st_size, whole.hexdigest()), np.array(sums, np.uint32)


def _blocks(size: int) -> int:
    return -(-size // BLOCK)
