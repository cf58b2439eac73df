"""A folder of embedded sentences: shards of vectors and texts, and the manifest that names the finished ones.

    manifest.json          stamp, width, dtype, and of each finished shard its count, sizes and sha256
    vectors-00000.npy      (sentence, width), as the encoder gave them
    texts-00000.jsonl      {"id": …, "text": …}, one line a row of the vectors

A shard is written aside, renamed, and only then entered in the manifest: whatever the manifest names is
whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.errors import InputError
from sentrep.utils.files import sha256, whole

FORMAT = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shard:
    """One finished shard: rows, their width, and size and sha256 of its two files."""

    count: int
    width: int
    vectors_bytes: int
    vectors_sha256: str
    texts_bytes: int
    texts_sha256: str

    @classmethod
    def of(cls, folder: Path, number: int, count: int, width: int) -> Shard:
        """What is to be remembered of a shard that has just been written."""
        files = vectors_file(folder, number), texts_file(folder, number)
        (vectors, vectors_sum), (texts, texts_sum) = ((file.stat().st_size, sha256(file)) for file in files)
        return cls(count, width, vectors, vectors_sum, texts, texts_sum)


@dataclass(frozen=True)
class Manifest:
    stamp: dict[str, str]
    dtype: str
    shard: int
    width: int | None = None
    complete: bool = False
    shards: tuple[Shard, ...] = ()
    format: int = FORMAT

    def write(self, folder: Path) -> None:
        with whole(folder / MANIFEST) as file:
            file.write(json.dumps(asdict(self), indent=2).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        path = folder / MANIFEST
        if not path.is_file():
            raise InputError(
                f"{folder} holds no embedded sentences (no {MANIFEST}); make them with `sentrep embed`"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise InputError(
                    f"{path}: format {content['format']}, but this sentrep reads {FORMAT}; embed again"
                )
            return cls(**{**content, "shards": tuple(Shard(**entry) for entry in content["shards"])})
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise InputError(f"{path} cannot be read ({error}); embed again into another folder") from error


class Embedded:
    """A finished folder of embedded sentences, read shard by shard."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path, self.manifest = path, manifest

    @classmethod
    def open(cls, path: Path | str, *, verify: bool = False) -> Embedded:
        """Open a folder whose files have the sizes promised and, with `verify`, the checksums; InputError
        otherwise."""
        path = Path(path)
        manifest = Manifest.read(path)
        if not manifest.complete:
            raise InputError(f"{path} is unfinished; run the command that made it again, and it will go on")
        check_files(path, manifest, thoroughly=verify)
        return cls(path, manifest)

    def __len__(self) -> int:
        return sum(entry.count for entry in self.manifest.shards)

    @property
    def stamp(self) -> Mapping[str, str]:
        return self.manifest.stamp

    @property
    def width(self) -> int:
        return self.manifest.shards[0].width

    def vectors(self, chunk: int = 16_384) -> Iterator[NDArray[np.float32]]:
        """The vectors in order, at most `chunk` rows (row, width) at a time."""
        for number, entry in enumerate(self.manifest.shards):
            path = vectors_file(self.path, number)
            mapped = np.load(path, mmap_mode="r", allow_pickle=False)
            if mapped.shape != (entry.count, entry.width):
                raise damaged(path)
            for first in range(0, entry.count, chunk):
                yield np.asarray(mapped[first : first + chunk], dtype=np.float32)

    def array(self) -> NDArray[np.float32]:
        """All vectors (sentence, width) in memory."""
        return np.concatenate(list(self.vectors()))

    def ids(self) -> Iterator[str]:
        return (line["id"] for line in self._lines())

    def texts(self) -> Iterator[str]:
        return (line["text"] for line in self._lines())

    def _lines(self) -> Iterator[dict[str, str]]:
        for number in range(len(self.manifest.shards)):
            with texts_file(self.path, number).open(encoding="utf-8") as file:
                yield from map(json.loads, file)


def check_files(folder: Path, manifest: Manifest, *, thoroughly: bool) -> None:
    for number, entry in enumerate(manifest.shards):
        for path, size, checksum in (
            (vectors_file(folder, number), entry.vectors_bytes, entry.vectors_sha256),
            (texts_file(folder, number), entry.texts_bytes, entry.texts_sha256),
        ):
            if not path.is_file():
                raise InputError(f"{path} is missing; copy the whole folder, or embed again")
            if path.stat().st_size != size or (thoroughly and sha256(path) != checksum):
                raise damaged(path)


def vectors_file(folder: Path, number: int) -> Path:
    return folder / f"vectors-{number:05}.npy"


def texts_file(folder: Path, number: int) -> Path:
    return folder / f"texts-{number:05}.jsonl"


def damaged(path: Path) -> InputError:
    return InputError(f"{path} is not as it was written (damaged, cut short or edited); embed again")
