"""Ids of files that differ, by the names of their folders."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from sentrep.data.reading.document import Source, without_packing
from sentrep.data.reading.folder import readable
from sentrep.data.reading.ids import Ids, unused


def with_unique_ids(sources: Sequence[Source], scratch: Path) -> list[Source]:
    """The sources with stems that all differ.

    Where two are equal, the names of parent folders are put in front until they differ. A file beside its own
    compressed copy differs by the end of its name, and whatever is left by a number.

    Args:
        sources: files to read.
        scratch: folder of copies, whose names users do not know.
    """
    named = _with_packing(sources)
    whole = [_whole(source, scratch) for source in named]
    while clashing := [
        number
        for group in _equal(source.stem for source in named)
        if len({whole[number] for number in group}) > 1
        for number in group
        if named[number].id != whole[number]
    ]:
        for number in clashing:
            named[number] = replace(named[number], id=_with_parent(named[number].id, whole[number]))
    ids = Ids()
    for number, source in enumerate(named):
        if not ids.add(source.stem):
            named[number] = replace(source, id=unused(source.stem, ids), packing=True)
    return named


def _with_packing(sources: Sequence[Source]) -> list[Source]:
    """The sources; of those that lie in one folder and whose names differ only in .gz or .zst, the ids keep
    these."""
    places = (str(_absolute(source.path.parent / without_packing(source.path.name))) for source in sources)
    twins = {number for group in _equal(places) for number in group}
    return [
        replace(source, packing=True) if number in twins else source for number, source in enumerate(sources)
    ]


def _equal(names: Iterable[str]) -> list[list[int]]:
    """The places of names that occur more than once."""
    found = defaultdict[str, list[int]](list)
    for number, name in enumerate(names):
        found[name].append(number)
    return [group for group in found.values() if len(group) > 1]


def _whole(source: Source, scratch: Path) -> str:
    """The longest id that a source can have: its whole path, but for copies of what has none."""
    path = readable(_absolute(source.path))
    return path if scratch not in source.path.parents and path.endswith(f"/{source.id}") else source.id


def _with_parent(identity: str, whole: str) -> str:
    """An id with the name of one more folder in front."""
    parent = whole.removesuffix(identity).rstrip("/").rpartition("/")[2]
    return f"{parent}/{identity}" if parent else whole


def _absolute(path: Path) -> Path:
    """The path from the root; links keep the names that users know."""
    return Path(os.path.normpath(path.absolute()))
