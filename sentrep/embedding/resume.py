"""Going on with embedded sentences that an earlier process has begun."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from sentrep.embedding.files import SHARD_FILE
from sentrep.embedding.info import KIND, EmbeddedInfo
from sentrep.embedding.items import Record, checked, lines_of
from sentrep.embedding.parts import NAMES
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import PARTIAL
from sentrep.utils.manifest import MANIFEST, FileStamp, Manifest


def begin(out: Path, asked: EmbeddedInfo, overwrite: bool) -> tuple[EmbeddedInfo, dict[str, FileStamp]]:
    """What to go on from: the work in `out` if it is the same, else none. Work without a finished shard is
    begun anew, whatever its settings were.

    Raises:
        InputError: `out` holds something else, or work of another model, input or setting.
    """
    if not (out / MANIFEST).is_file():
        if out.exists() and (not out.is_dir() or not all(map(_ours, out.iterdir()))):
            raise InputError(f"{at(out)} exists and holds something else; name another folder")
        out.mkdir(parents=True, exist_ok=True)
        asked.write(out, {})
        return asked, {}
    if overwrite:
        _check_replaceable(out)
        asked.write(out, {})
        for path in filter(_is_shard, list(out.iterdir())):
            path.unlink()
        return asked, {}
    found, files = EmbeddedInfo.read(out)
    if not found.counts:
        asked.write(out, {})
        return asked, {}
    _check_same(out, found, asked)
    Manifest.of(KIND, {}, files).check_sizes(out)
    return replace(found, complete=False), files


def skip(out: Path, info: EmbeddedInfo, given: Iterator[Record]) -> int:
    """Pass over the items of finished shards, and make sure that they are the same; returns how many."""
    passed = 0
    for number, count, content in zip(info.numbers, info.counts, info.contents, strict=True):
        passed += consume(given, number * info.shard - passed)
        items = checked(islice(given, info.shard), passed)
        if hashlib.sha256(lines_of(items)).hexdigest() != content:
            raise InputError(
                f"{at(out)} holds other texts than sentences {passed + 1} to {passed + count} of the input; "
                f"the input has changed since: name another folder, or give {opt('overwrite')}"
            )
        passed += len(items)
    return passed


def consume(given: Iterable[Record], count: int) -> int:
    """Pass over at most `count` items; returns how many there were."""
    return sum(1 for _ in islice(given, count))


def _check_same(out: Path, found: EmbeddedInfo, asked: EmbeddedInfo) -> None:
    before, now = found.settings(), asked.settings()
    for key in sorted((before.keys() | now.keys()) - NAMES):
        if before.get(key) != now.get(key):
            raise InputError(
                f"{at(out)} was begun with {key} {before.get(key)!r}, now it is {now.get(key)!r}; "
                f"name another folder, or give {opt('overwrite')}"
            )


def _ours(path: Path) -> bool:
    """Whether a file is left of an interrupted start, or is the lock."""
    return path.suffix == PARTIAL or path.name == ".lock"


def _is_shard(path: Path) -> bool:
    return SHARD_FILE.fullmatch(path.name) is not None


def _check_replaceable(out: Path) -> None:
    """Refuse to replace anything but embedded sentences, of whatever format, damaged or not."""
    try:
        EmbeddedInfo.read(out)
    except InputError:
        paths = [path for path in out.iterdir() if path.name not in (MANIFEST, ".lock")]
        if not any(map(_is_shard, paths)) or not all(map(_is_shard, paths)):
            raise
