"""Work that several machines share without communication, and how its parts are joined.

Part I of N embeds shards I, I + N, I + 2N, … of the same input into a folder of its own,
`OUT/part-00000-of-00004`. When all parts have ended, `merge` moves their shards into `OUT`, which then has
the bytes that one machine would have written.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sentrep.embedding.files import SHARD_FILE
from sentrep.embedding.info import EmbeddedInfo
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import remove
from sentrep.utils.locks import writer
from sentrep.utils.manifest import MANIFEST, FileStamp

NAMES = {"model_name", "model_path"}
"""Keys of a stamp that may differ: a model that has moved is still the same model."""
_PART = re.compile(r"part-(\d+)-of-(\d+)")


def part_folder(out: Path, part: int, parts: int) -> Path:
    """The folder of a part of the work; `out` itself where there is one part.

    Raises:
        InputError: there is no such part.

    >>> part_folder(Path("vectors"), 0, 4).name, part_folder(Path("vectors"), 0, 1).name
    ('part-00000-of-00004', 'vectors')
    """
    if parts < 1:
        raise InputError(f"{opt('shards')} {parts}: must be 1 or more")
    if not 0 <= part < parts:
        raise InputError(
            f"{opt('shard_index')} {part}: must be 0 to {parts - 1}, as {opt('shards')} is {parts}"
        )
    return out if parts == 1 else out / f"part-{part:05}-of-{parts:05}"


def launched_part(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """The part of this process, and of how many, where torchrun or a like launcher started it; else 0 of 1.

    >>> launched_part({"RANK": "1", "WORLD_SIZE": "4", "LOCAL_RANK": "1"})
    (1, 4)
    >>> launched_part({})
    (0, 1)
    """
    rank, size = environment.get("RANK", ""), environment.get("WORLD_SIZE", "")
    if "LOCAL_RANK" in environment and rank.isdecimal() and size.isdecimal():
        return int(rank), int(size)
    return 0, 1


def is_embedded(folder: Path) -> bool:
    """Whether a folder holds shards or parts of embedded sentences, finished or not, in any format."""
    if not (folder / MANIFEST).is_file():
        return bool(_parts_in(folder))
    return any(SHARD_FILE.fullmatch(path.name) for path in folder.iterdir())


def refuse_parts(out: Path) -> None:
    """Refuse a folder whose parts have not been merged.

    Raises:
        InputError: there are parts, and no shards of the whole.
    """
    if not (out / MANIFEST).exists() and _parts_in(out):
        raise InputError(
            f"{at(out)} holds parts of the work, which have to be joined ({opt('merge')})", setting="merge"
        )


def merge(out: Path | str, *, wait: bool = False) -> int:
    """Join the parts in `out`; the number of sentences. Interrupted and called again, it goes on.

    Args:
        out: the folder that was given to all parts.
        wait: if another process writes `out`, wait for it instead of raising an error.

    Raises:
        InputError: a part is missing, unfinished, damaged, or of another model, input or setting.
    """
    out = Path(out)
    with writer(out, "merge", wait=wait):
        folders = _parts_in(out)
        if (out / MANIFEST).exists():
            info = EmbeddedInfo.read(out)[0]
        elif folders:
            info = _merge(out, folders)
        else:
            raise InputError(f"{at(out)} holds no parts; give the folder that was {opt('out')} of all parts")
        for folder in folders:
            remove(folder)
    return len(info)


def _merge(out: Path, folders: Sequence[Path]) -> EmbeddedInfo:
    parts = [EmbeddedInfo.read(folder) for folder in folders]
    infos = [info for info, _ in parts]
    _check_same(folders, infos)
    _check_whole(out, folders, infos)
    stamps = dict[str, FileStamp]()
    for folder, (_, files) in zip(folders, parts, strict=True):
        for name, stamp in files.items():
            _move(folder / name, out / name, stamp)
        stamps |= files
    joined = _joined(infos)
    joined.write(out, {name: stamps[name] for name in joined.names()})
    return joined


def _joined(infos: Sequence[EmbeddedInfo]) -> EmbeddedInfo:
    """What one machine would have written."""
    shards = sorted(
        (number, count, content)
        for info in infos
        for number, count, content in zip(info.numbers, info.counts, info.contents, strict=True)
    )
    counts, contents = tuple(count for _, count, _ in shards), tuple(content for _, _, content in shards)
    return replace(infos[0], part=0, parts=1, counts=counts, contents=contents)


def _check_same(folders: Sequence[Path], infos: Sequence[EmbeddedInfo]) -> None:
    """Refuse parts of different work."""
    first = infos[0].settings()
    for folder, info in zip(folders, infos, strict=True):
        own = info.settings()
        for key in sorted((first.keys() | own.keys()) - NAMES - {"part"}):
            if first.get(key) != own.get(key):
                raise InputError(
                    f"{at(folder)} was made with {key} {own.get(key)!r}, {folders[0].name} with "
                    f"{first.get(key)!r}: they are no parts of the same work"
                )


def _check_whole(out: Path, folders: Sequence[Path], infos: Sequence[EmbeddedInfo]) -> None:
    """Refuse work of which something is missing."""
    if {info.parts for info in infos} != {len(infos)}:
        there = ", ".join(folder.name for folder in folders)
        raise InputError(f"{at(out)}: parts are missing, or of different {opt('shards')}; there are {there}")
    for folder, info in zip(folders, infos, strict=True):
        if not info.complete:
            raise InputError(f"{at(folder)} is unfinished; repeat the command that made it to continue")
    counts = dict(pair for info in infos for pair in zip(info.numbers, info.counts, strict=True))
    if sorted(counts) != list(range(len(counts))) or not counts:
        raise InputError(
            f"{at(out)}: the parts did not read the same input: their shards do not fit together"
        )
    short = [number for number, count in sorted(counts.items())[:-1] if count != infos[0].shard]
    if short:
        raise InputError(f"{at(out)}: the parts did not read the same input: shard {short[0]} is too short")


def _move(source: Path, target: Path, stamp: FileStamp) -> None:
    """Move a file, unless an interrupted merge has done so already."""
    place = source if source.exists() else target
    try:
        size = place.stat().st_size
    except OSError as error:
        raise InputError(f"{at(source)} is missing; embed this part again") from error
    if size != stamp.bytes:
        raise InputError(
            f"{at(place)} is not as it was written (damaged or cut short); embed this part again"
        )
    if place is source:
        source.replace(target)


def _parts_in(out: Path) -> list[Path]:
    """The folders of parts, by number."""
    if not out.is_dir():
        return []
    return sorted(path for path in out.iterdir() if path.is_dir() and _PART.fullmatch(path.name))
