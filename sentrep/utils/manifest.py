"""The manifest of a folder: what it holds, in which format, and the sizes and checksums of its files.

Every folder that this package writes and reads again (prepared corpora, embedded sentences, search indexes)
has a `manifest.json`, written last, with a checksum of its own. No pickle, nothing to execute.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sentrep.utils.errors import InputError, at, damaged
from sentrep.utils.files import sha256, whole

MANIFEST = "manifest.json"


class FolderKind(NamedTuple):
    """A kind of folder, and the only version of its format that is read."""

    name: str
    """Name in messages, such as "search index"."""
    format_version: int
    remake: str
    """The command that makes such a folder."""

    def check(self, place: Path, found: object, remake: str | None = None) -> None:
        """Compare the version of a format that is to be read.

        Args:
            place: the folder, or the file in it that holds the version.
            found: the version.
            remake: the command that makes this very folder again, where it is known.

        Raises:
            InputError: it is another version than the one that is read.

        >>> FolderKind("model", 2, "sentrep train").check(Path("model"), 2)
        """
        if type(found) is not int or found != self.format_version:
            raise InputError(
                f"{at(place)}: {self.name} of format {found}, this version reads format "
                f"{self.format_version}; "
                f"make it again with `{remake or self.remake}`"
            )


class FileStamp(NamedTuple):
    """Size in bytes and sha256 (hexadecimal) of a file."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> FileStamp:
        return cls(path.stat().st_size, sha256(path))


@dataclass(frozen=True)
class Manifest:
    """What a folder holds.

    Args:
        kind: of the folder.
        format_version: of its layout.
        content: what else is known of it; JSON.
        files: stamps by name.
    """

    kind: str
    format_version: int
    content: dict[str, Any]
    files: dict[str, FileStamp] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: FolderKind, content: dict[str, Any], files: dict[str, FileStamp]) -> Manifest:
        """A manifest of the current format."""
        return cls(kind.name, kind.format_version, content, files)

    def write(self, folder: Path) -> None:
        """Write `manifest.json`, whole or not at all."""
        record = self._record()
        with whole(folder / MANIFEST) as file:
            file.write(json.dumps({**record, "checksum": _checksum(record)}, indent=1).encode())

    @classmethod
    def read(cls, folder: Path, kind: FolderKind) -> Manifest:
        """Read the manifest of a folder, and compare its own checksum.

        Raises:
            InputError: there is none, it is damaged, or it is of another kind or format.
        """
        path = folder / MANIFEST
        record = _json(path, kind)
        version = record.get("format_version", record.get("format"))
        if record.get("kind") != kind.name and "format_version" in record:
            raise InputError(f"{at(folder)} is no {kind.name} but: {record.get('kind')}; name another folder")
        kind.check(folder, version)
        try:
            checksum = record.pop("checksum")
            files = {str(name): FileStamp(*stamp) for name, stamp in record["files"].items()}
            manifest = cls(record["kind"], record["format_version"], dict(record["content"]), files)
            if checksum != _checksum(manifest._record()) or manifest._record() != record:
                raise damaged(path)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise damaged(path) from error
        return manifest

    def check_sizes(self, folder: Path) -> None:
        """Compare the size of every file. InputError for the first that is missing or differs."""
        for name, stamp in self.files.items():
            try:
                size = (folder / name).stat().st_size
            except (OSError, ValueError) as error:
                raise InputError(
                    f"{at(folder / name)} is missing; copy or make the whole folder again"
                ) from error
            if size != stamp.bytes:
                raise damaged(folder / name)

    def check(self, folder: Path, names: Iterable[str] | None = None) -> None:
        """Compare the sha256 of the files named, by default of all. InputError for the first that differs."""
        for name in self.files if names is None else names:
            try:
                same = sha256(folder / name) == self.files[name].sha256
            except OSError as error:
                raise damaged(folder / name) from error
            if not same:
                raise damaged(folder / name)

    def _record(self) -> dict[str, Any]:
        record = asdict(self)
        record["files"] = {name: list(stamp) for name, stamp in self.files.items()}
        return record


def _json(path: Path, kind: FolderKind) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(
            f"{at(path.parent)} is no {kind.name}: it has no {MANIFEST}; make one with `{kind.remake}`"
        )
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path) from error
    if not isinstance(record, dict):
        raise damaged(path)
    return record


def _checksum(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
