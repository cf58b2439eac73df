"""A change of an index may end at any operation on the disk: the index has the old state or the new one."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sentrep.search.documents import Document, DocumentIndex, Passage
from sentrep.utils.errors import InputError
from tests.search.documents.collection import create, documents, encode

EVENTS = frozenset(["os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod"])
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
Change = Callable[[DocumentIndex], object]
CHANGES: dict[str, Change] = {
    "add": lambda index: index.add(documents(4, seed=1)),
    "replace": lambda index: index.add([(Document("d0-3", "new", "3.txt"), [Passage("w1 w2", 0, 5)])]),
    "remove": lambda index: index.remove(ids=["d0-1"]),
    "remove most, and rewrite the rest": lambda index: index.remove(ids=[f"d0-{n}" for n in range(9)]),
}


class Disk:
    """Counts the operations that change the disk, and does something at one of them."""

    def __init__(self) -> None:
        self.count, self.at, self.fault, self.watched = 0, 0, _killed, False
        sys.addaudithook(self._event)

    def fsync(self, descriptor: int) -> None:
        """Takes the place of `os.fsync`, which is slow, and matters only where the power fails."""
        self._operation()

    def _event(self, event: str, arguments: tuple[object, ...]) -> None:
        writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if self.watched and (writing or event in EVENTS):
            self._operation()

    def _operation(self) -> None:
        self.count += self.watched
        if self.watched and self.count == self.at:
            self.fault()


def _killed() -> None:
    os._exit(9)


def _full() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(scope="module")
def disk() -> Disk:
    return Disk()


def state(folder: Path) -> tuple[set[str], list[tuple[str, float]]]:
    index = DocumentIndex.open(folder, str.split, encode, verify=True)
    hits = index.search("w1 w2", 1000)
    return {each.id for each in index.documents()}, sorted((hit.id, round(hit.scores[0], 4)) for hit in hits)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_ends_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, disk: Disk, name: str
) -> None:
    change, folder = CHANGES[name], tmp_path / "index"
    monkeypatch.setattr(os, "fsync", disk.fsync)
    create(tmp_path / "before", documents(12))
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    changed = DocumentIndex.open(tmp_path / "after", str.split, encode)
    disk.count, disk.at, disk.watched = 0, 0, True
    change(changed)
    disk.watched = False
    states = [state(tmp_path / "before"), state(tmp_path / "after")]
    operations = disk.count
    assert operations > 10
    faults = [
        (at, fault) for at in range(1, operations + 1) for fault in (_killed, _full)[: 1 + (at % 4 == 1)]
    ]
    for disk.at, disk.fault in faults:
        shutil.copytree(tmp_path / "before", folder)
        _interrupted(change, DocumentIndex.open(folder, str.split, encode), disk)
        found = state(folder)
        assert found in states, disk.at
        if found == states[0]:
            change(DocumentIndex.open(folder, str.split, encode))
            assert state(folder) == states[1]
            _nothing_is_left(folder)
        shutil.rmtree(folder)


def _interrupted(change: Change, index: DocumentIndex, disk: Disk) -> None:
    """Make a change in a process of its own that meets the fault. A full disk is an error of the input, or it
    hinders nothing but tidying up."""
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert status in ((9,) if disk.fault is _killed else (0, 3)), disk.at
        return
    disk.count, disk.watched = 0, True
    try:
        change(index)
        os._exit(0)
    except InputError:
        os._exit(3)
    finally:
        os._exit(1)


def _nothing_is_left(folder: Path) -> None:
    manifest = DocumentIndex.open(folder, str.split).manifest
    named = {"manifest.json", manifest.removed, *(entry.name for entry in manifest.segments)} - {""}
    assert {each.name for each in folder.iterdir()} == named
    assert not list(folder.rglob(".*"))
    assert {each.name for each in folder.parent.iterdir()} == {"before", "after", folder.name}
