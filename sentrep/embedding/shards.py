"""A folder of embedded sentences: shards of vectors and texts, and the manifest that lists the finished ones.

    manifest.json          what the vectors are of, and the stamps of all files of finished shards
    vectors-00000.npy      (sentence, width), as the encoder gave them
    texts-00000.jsonl      {"id": …, "text": …}, one line for each row of the vectors; with "fields" where
                           the record has more

A shard is written aside, renamed, and only then entered in the manifest: what the manifest lists is complete.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.data.reading.report import ReadReport
from sentrep.utils.arrays import damaged, mapped
from sentrep.utils.errors import InputError
from sentrep.utils.manifest import MANIFEST, FileStamp, FolderKind, Manifest

KIND = FolderKind("folder of embedded sentences", 2, "sentrep embed")


@dataclass(frozen=True)
class EmbeddedInfo:
    """What is known of embedded sentences without opening the shards."""

    stamp: dict[str, str]
    """Of model and source; see `embed_to_folder`."""
    dtype: str
    shard: int
    """Sentences in a shard; the last one may hold fewer."""
    width: int | None = None
    complete: bool = False
    counts: tuple[int, ...] = ()
    """Sentences in each finished shard."""

    def __len__(self) -> int:
        return sum(self.counts)

    def grown(self, count: int, width: int) -> EmbeddedInfo:
        """With one more finished shard."""
        return replace(self, counts=(*self.counts, count), width=width)

    def write(self, folder: Path, files: Mapping[str, FileStamp]) -> None:
        Manifest.of(KIND, asdict(self), dict(files)).write(folder)

    @classmethod
    def read(cls, folder: Path) -> tuple[EmbeddedInfo, dict[str, FileStamp]]:
        """What is known of the sentences in `folder`, and the stamps of its files.

        Raises:
            InputError: it is no such folder, of another format, or its manifest is damaged.
        """
        manifest = Manifest.read(folder, KIND)
        try:
            info = cls(**{**manifest.content, "counts": tuple(manifest.content["counts"])})
        except (KeyError, TypeError) as error:
            raise damaged(folder / MANIFEST) from error
        names = [name for number in range(len(info.counts)) for name in files_of(number)]
        if not _sound(info) or list(manifest.files) != names:
            raise damaged(folder / MANIFEST)
        return info, manifest.files


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
            InputError: it is no such folder, of another format, unfinished, or damaged.
        """
        path = Path(path)
        info, files = EmbeddedInfo.read(path)
        if not info.complete:
            raise InputError(f"{path} is unfinished; run the command that made it again, and it will go on")
        manifest = Manifest.of(KIND, {}, files)
        manifest.check_sizes(path)
        if verify:
            manifest.check(path)
        return cls(path, info, files)

    def __len__(self) -> int:
        return len(self.info)

    @property
    def stamp(self) -> Mapping[str, str]:
        """Of model and source."""
        return self.info.stamp

    @property
    def width(self) -> int:
        """Of the vectors."""
        assert self.info.width is not None
        return self.info.width

    def vectors(self, chunk: int = 16_384) -> Iterator[NDArray[np.float32]]:
        """The vectors in order, at most `chunk` rows (row, width) at a time."""
        for number, count in enumerate(self.info.counts):
            path = self._checked_file(vectors_file(number))
            shard = mapped(path, (count, self.width), self.info.dtype)
            for first in range(0, count, chunk):
                yield np.array(shard[first : first + chunk], dtype=np.float32)

    def array(self) -> NDArray[np.float32]:
        """All vectors (sentence, width) in memory."""
        return np.concatenate(list(self.vectors()))

    def ids(self) -> Iterator[str]:
        """The ids in order."""
        return (line["id"] for line in self._lines())

    def texts(self) -> Iterator[str]:
        """The sentences in order."""
        return (line["text"] for line in self._lines())

    def fields(self) -> Iterator[dict[str, str]]:
        """Title and further fields in order; empty where a text has none."""
        return (line.get("fields", {}) for line in self._lines())

    def _lines(self) -> Iterator[dict[str, Any]]:
        for number in range(len(self.info.counts)):
            path = self._checked_file(texts_file(number))
            with path.open(encoding="utf-8") as file:
                try:
                    yield from map(json.loads, file)
                except ValueError as error:
                    raise damaged(path) from error

    def _checked_file(self, name: str) -> Path:
        if name not in self._checked:
            self._manifest.check(self.path, [name])
            self._checked.add(name)
        return self.path / name


def files_of(number: int) -> tuple[str, str]:
    """The names of the files of a shard."""
    return vectors_file(number), texts_file(number)


def vectors_file(number: int) -> str:
    return f"vectors-{number:05}.npy"


def texts_file(number: int) -> str:
    return f"texts-{number:05}.jsonl"


def _sound(info: EmbeddedInfo) -> bool:
    """Whether values have the types and ranges that `EmbeddedInfo` promises."""
    positive: Callable[[object], bool] = lambda value: type(value) is int and value > 0  # noqa: E731
    return (
        isinstance(info.stamp, dict)
        and all(isinstance(value, str) for value in info.stamp.values())
        and info.dtype in ("float32", "float16")
        and positive(info.shard)
        and all(map(positive, info.counts))
        and (positive(info.width) or not info.counts)
        and isinstance(info.complete, bool)
    )
