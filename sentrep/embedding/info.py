"""What the manifest of embedded sentences says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from sentrep.embedding.dtypes import DTYPES, LOSSY
from sentrep.embedding.files import FORMATS, files_of
from sentrep.utils.errors import damaged
from sentrep.utils.manifest import MANIFEST, FileStamp, FolderKind, Manifest

KIND = FolderKind("folder of embedded sentences", 3, "sentrep embed")


@dataclass(frozen=True)
class EmbeddedInfo:
    """What is known of embedded sentences without opening the shards."""

    stamp: dict[str, str]
    """The description of model and source; see `embed_to_folder`."""
    dtype: str
    shard: int
    """Sentences in a shard; the last one of all may hold fewer."""
    format: str = "npy"
    dimensions: int | None = None
    """Values kept of each vector, at length 1 again; None for vectors as the encoder gave them."""
    part: int = 0
    """Which part of the work this folder holds: shards `part`, `part` + `parts`, …"""
    parts: int = 1
    width: int | None = None
    complete: bool = False
    counts: tuple[int, ...] = ()
    """Sentences in each finished shard."""
    contents: tuple[str, ...] = ()
    """sha256 of the ids, texts and fields of each finished shard."""
    kept_neighbours: float | None = None
    """Of int8 and binary: the share of the ten nearest neighbours that the stored vectors keep, in a sample
    of the first shard."""

    def __len__(self) -> int:
        return sum(self.counts)

    @property
    def numbers(self) -> list[int]:
        """The numbers of the finished shards, counted over all parts."""
        return [self.part + self.parts * place for place in range(len(self.counts))]

    def grown(self, count: int, width: int, content: str, kept: float | None) -> EmbeddedInfo:
        """The record with one more finished shard."""
        known = self.kept_neighbours if self.counts else kept
        counts, contents = (*self.counts, count), (*self.contents, content)
        return replace(self, counts=counts, contents=contents, width=width, kept_neighbours=known)

    def names(self) -> list[str]:
        """The files of all finished shards."""
        return [name for number in self.numbers for name in files_of(number, self.format, self.dtype)]

    def settings(self) -> dict[str, object]:
        """What must be the same for the work to go on, by name."""
        own = {"dtype": self.dtype, "shard": self.shard, "format": self.format, "dimensions": self.dimensions}
        return {**self.stamp, **own, "part": f"{self.part} of {self.parts}"}

    def storage(self) -> str:
        """How vectors are stored, for people; '' where nothing is lost."""
        cut = f"cut to {self.dimensions} dimensions" if self.dimensions else ""
        if self.dtype not in LOSSY:
            return cut
        kept = f"{self.kept_neighbours or 0:.1%} of the ten nearest neighbours of a sample kept"
        return ", ".join(filter(None, [cut, f"stored as {self.dtype} ({kept})"]))

    def write(self, folder: Path, files: Mapping[str, FileStamp]) -> None:
        """Write the manifest of a folder with these files."""
        Manifest.of(KIND, asdict(self), dict(files)).write(folder)

    @classmethod
    def read(cls, folder: Path) -> tuple[EmbeddedInfo, dict[str, FileStamp]]:
        """What is known of the sentences in `folder`, and the stamps of its files.

        Raises:
            InputError: it is no such folder, of another format, or its manifest is damaged.
        """
        manifest = Manifest.read(folder, KIND)
        try:
            content = dict(manifest.content)
            info = cls(
                **{**content, "counts": tuple(content["counts"]), "contents": tuple(content["contents"])}
            )
        except (KeyError, TypeError) as error:
            raise damaged(folder / MANIFEST) from error
        if not _sound(info) or list(manifest.files) != info.names():
            raise damaged(folder / MANIFEST)
        return info, manifest.files


def _sound(info: EmbeddedInfo) -> bool:
    """Whether values have the types and ranges of the fields of `EmbeddedInfo`."""
    positive: Callable[[object], bool] = lambda value: type(value) is int and value > 0  # noqa: E731
    share = info.kept_neighbours
    return (
        isinstance(info.stamp, dict)
        and all(isinstance(value, str) for value in [*info.stamp.values(), *info.contents])
        and info.dtype in DTYPES
        and info.format in FORMATS
        and (info.format == "npy" or info.dtype == "float32")
        and all(map(positive, [info.shard, info.parts, *info.counts]))
        and type(info.part) is int
        and 0 <= info.part < info.parts
        and (positive(info.width) or not info.counts)
        and (info.dimensions is None or positive(info.dimensions))
        and len(info.contents) == len(info.counts)
        and (share is None or (isinstance(share, float | int) and 0 <= share <= 1))
        and isinstance(info.complete, bool)
    )
