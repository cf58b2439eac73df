"""A folder of embedded sentences: shards of vectors and texts, and the manifest that lists the finished ones.

    manifest.json          what the vectors are of, and the stamps of all files of finished shards
    vectors-00000.npy      (sentence, width), as the encoder gave them or in a smaller form
    scales-00000.npy       (width,), of int8: what the integers of each dimension are multiplied by
    texts-00000.jsonl      {"id": …, "text": …}, one line for each row of the vectors; with "fields" where
                           the record has more
    vectors-00000.parquet  all of it in one file, where the format is Parquet

A shard is written aside, renamed, and only then entered in the manifest: what the manifest lists is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.data.reading.report import ReadReport
from sentrep.embedding.files import files_of, read_items, read_vectors
from sentrep.embedding.info import KIND, EmbeddedInfo
from sentrep.embedding.items import Item
from sentrep.embedding.parts import refuse_parts
from sentrep.utils.errors import InputError, at
from sentrep.utils.manifest import FileStamp, Manifest


class Embedded:
    """A finished folder of embedded sentences, read shard by shard.

    >>> import tempfile
    >>> from sentrep.embedding import embed_to_folder
    >>> pairs = [("a", "one"), ("b", "two")]
    >>> ones = lambda texts: np.ones((len(texts), 3), np.float32)
    >>> folder = embed_to_folder(ones, pairs, Path(tempfile.mkdtemp()) / "vectors", stamp={"model": "ones"})
    >>> len(folder), folder.width, list(folder.texts())
    (2, 3, ['one', 'two'])
    """

    def __init__(self, path: Path, info: EmbeddedInfo, files: Mapping[str, FileStamp]) -> None:
        self.path, self.info = path, info
        self._manifest = Manifest.of(KIND, {}, dict(files))
        self._checked: set[str] = set()
        self.report: ReadReport | None = None
        """What was read and skipped when this process embedded a corpus."""

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = False) -> Embedded:
        """Open a folder of embedded sentences.

        When opened: the manifest with its own checksum, and that every file is there and has its size. When a
        shard is read for the first time: the sha256 of its file. With `verify`: the sha256 of all files at
        once.

        Raises:
            InputError: it is no such folder, of another format, unfinished, not merged, or damaged.
        """
        path = Path(path)
        refuse_parts(path)
        info, files = EmbeddedInfo.read(path)
        if not info.complete:
            raise InputError(f"{at(path)} is unfinished; repeat the command that made it to continue")
        manifest = Manifest.of(KIND, {}, files)
        manifest.check_sizes(path)
        if verify:
            manifest.check(path)
        return cls(path, info, files)

    def __len__(self) -> int:
        return len(self.info)

    @property
    def stamp(self) -> Mapping[str, str]:
        """The description of model and source."""
        return self.info.stamp

    @property
    def width(self) -> int:
        """Width of the vectors; 0 where a part of the work had no sentence."""
        return self.info.width or 0

    @property
    def storage(self) -> str:
        """How vectors are stored, for people; '' where nothing is lost."""
        return self.info.storage()

    @property
    def truncated(self) -> bool:
        """Whether the vectors are the first dimensions of those of the model."""
        return self.info.dimensions is not None

    def vectors(self, chunk: int = 16_384) -> Iterator[NDArray[np.float32]]:
        """The vectors in order, at most `chunk` rows (row, width) at a time, as float32 whatever they are
        stored as."""
        format, dtype = self.info.format, self.info.dtype
        for number, count in zip(self.info.numbers, self.info.counts, strict=True):
            paths = self._checked_files(number, slice(-1 if format == "npy" else None))
            yield from read_vectors(paths, format, dtype, (count, self.width), chunk)

    def array(self) -> NDArray[np.float32]:
        """All vectors (sentence, width) in memory."""
        return np.concatenate([np.empty((0, self.width), np.float32), *self.vectors()])

    def ids(self) -> Iterator[str]:
        """The ids in order."""
        return (item.id for item in self.items())

    def texts(self) -> Iterator[str]:
        """The sentences in order."""
        return (item.text for item in self.items())

    def fields(self) -> Iterator[Mapping[str, str]]:
        """Title and further fields in order; empty where a text has none."""
        return (item.fields for item in self.items())

    def items(self) -> Iterator[Item]:
        """Ids, texts and further fields in order."""
        for number in self.info.numbers:
            yield from read_items(self._checked_files(number, slice(-1, None)), self.info.format)

    def _checked_files(self, number: int, which: slice) -> list[Path]:
        """The paths of some files of a shard, whose checksums have been compared."""
        names = files_of(number, self.info.format, self.info.dtype)[which]
        for name in names:
            if name not in self._checked:
                self._manifest.check(self.path, [name])
                self._checked.add(name)
        return [self.path / name for name in names]
