"""What an index is on disk: plain files, each with its size and sha256 in `manifest.json`. No pickle, nothing
to execute.

manifest.json      what it is, of which model, and the checksums (its own too)
vectors.npy        (vector, width) float32 or float16, of length 1; zero vectors stay zero
ids.utf8           all ids end to end, and in ids.offsets.npy where each begins
texts.utf8         the texts likewise, if the index carries them
index.faiss        the FAISS structure of an approximate kind; a flat index needs none
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.utils.errors import InputError
from sentrep.utils.files import sha256, to_disk, whole

FORMAT = 1
MANIFEST, VECTORS, FAISS, IDS, TEXTS = "manifest.json", "vectors.npy", "index.faiss", "ids", "texts"


@dataclass(frozen=True)
class ModelStamp:
    """The model that made the vectors. Its content hash decides; name and path are for people."""

    name: str
    content_hash: str
    path: str = ""


@dataclass(frozen=True)
class Manifest:
    """All that is known of an index before one of its other files is opened."""

    format: int
    kind: str
    parameters: dict[str, int]
    count: int
    width: int
    dtype: str
    normalised: bool
    zero_vectors: int
    has_texts: bool
    model: ModelStamp
    corpus: str
    versions: dict[str, str]
    files: dict[str, dict[str, int | str]]

    def write(self, folder: Path) -> None:
        content = asdict(self)
        content["checksum"] = _checksum(content)
        with whole(folder / MANIFEST) as file:
            file.write(json.dumps(content, indent=2).encode())

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest of a folder whose files have the sizes it promises; InputError otherwise."""
        path = folder / MANIFEST
        if not path.is_file():
            raise InputError(
                f"{folder} is not a search index: it has no {MANIFEST}; make one with `sentrep index`"
            )
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise InputError(
                    f"{path}: format {content['format']}, but this sentrep reads format {FORMAT}; "
                    "build the index again, or use the version of sentrep that made it"
                )
            if content.pop("checksum") != _checksum(content):
                raise damaged(path)
            manifest = cls(**{**content, "model": ModelStamp(**content["model"])})
        except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
            raise damaged(path) from error
        if set(manifest.files) != set(files_of(manifest.kind, manifest.has_texts)):
            raise damaged(path)
        for name, stamp in manifest.files.items():
            if not (folder / name).is_file():
                raise InputError(
                    f"{folder / name} is missing; copy the whole folder, or build the index again"
                )
            if (folder / name).stat().st_size != stamp["bytes"]:
                raise damaged(folder / name)
        return manifest

    def check(self, folder: Path, names: Iterable[str]) -> None:
        """Compare the sha256 of the files named; InputError for the first that differs."""
        for name in names:
            if sha256(folder / name) != self.files[name]["sha256"]:
                raise damaged(folder / name)


class Strings:
    """Strings in two memory-mapped files: their UTF-8 end to end, and where each begins. Any string is
    allowed in."""

    def __init__(self, folder: Path, name: str, count: int) -> None:
        self.offsets: NDArray[np.int64] = mapped(folder / f"{name}.offsets.npy", (count + 1,), "int64")
        path = folder / f"{name}.utf8"
        # An empty file cannot be mapped.
        self.content = (
            np.memmap(path, dtype=np.uint8, mode="r") if path.stat().st_size else np.empty(0, dtype=np.uint8)
        )
        if self.offsets[-1] != len(self.content):
            raise damaged(path)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> str:
        first, after = self.offsets[number], self.offsets[number + 1]
        # Lone surrogates come from file names and broken JSON; they are kept as they are.
        return self.content[first:after].tobytes().decode("utf-8", "surrogatepass")

    def __iter__(self) -> Iterator[str]:
        return (self[number] for number in range(len(self)))

    @staticmethod
    def write(folder: Path, name: str, strings: Iterable[str]) -> int:
        """Write `strings` as they come and return how many there were."""
        lengths = array("q")
        with (folder / f"{name}.utf8").open("wb") as file:
            for string in strings:
                if not isinstance(string, str):
                    raise InputError(f"{name}: number {len(lengths)} is not a string but {string!r}")
                lengths.append(file.write(string.encode("utf-8", "surrogatepass")))
            to_disk(file)
        offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
        np.cumsum(np.frombuffer(lengths, dtype=np.int64), out=offsets[1:])
        with (folder / f"{name}.offsets.npy").open("wb") as file:
            np.save(file, offsets, allow_pickle=False)
            to_disk(file)
        return len(lengths)


def files_of(kind: str, has_texts: bool) -> list[str]:
    """The files beside the manifest."""
    names = [VECTORS, f"{IDS}.utf8", f"{IDS}.offsets.npy"]
    names += [f"{TEXTS}.utf8", f"{TEXTS}.offsets.npy"] if has_texts else []
    return names if kind == "flat" else [*names, FAISS]


def mapped(path: Path, shape: tuple[int, ...], dtype: str) -> NDArray[Any]:
    """A memory-mapped .npy of this shape and type; InputError for anything else, such as pickled objects."""
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        raise damaged(path) from error
    if array.shape != shape or array.dtype != dtype:
        raise damaged(path)
    return array


def stamp_files(folder: Path, names: Iterable[str]) -> dict[str, dict[str, int | str]]:
    """Size and sha256 of each file, as the manifest keeps them."""
    return {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)} for name in names
    }


def damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is not as it was written (damaged, cut short or edited); build the index again"
    )


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
