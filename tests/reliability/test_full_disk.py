"""A disk that is full: the error names it, what was finished is kept, and the same command then goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability import work
from tests.toy_run import start

pytestmark = pytest.mark.slow
SIZES = work.repetitions(3, 10)
"""Sizes of the disk that are tried for each kind of work."""
PART, PARTS = work.part_of_full()
SHARES = [(PARTS * size + max(PART, 1)) / (PARTS * SIZES + 1) for size in range(SIZES)]
"""Of the room that the work needs; each part of the full counts has its own."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, whose size can be changed."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a file system of its own")
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def resize(disk: Path, kilobytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={kilobytes}k", disk], check=True)


@pytest.mark.parametrize("kind", work.KINDS)
def test_a_full_disk(kind: str, disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = work.lay_out(disk / "whole")
    assert run(kind, whole) == 0
    expected = set(work.result(kind, whole))
    needed = sum(file.stat().st_blocks for file in whole.rglob("*")) // 2
    shutil.rmtree(whole)
    full = 0
    for step, share in enumerate(SHARES):
        place = work.lay_out(disk / f"place-{step}")
        used = sum(file.stat().st_blocks for file in place.rglob("*")) // 2
        resize(disk, used + int((needed - used) * share))
        code = run(kind, place)
        errors = [path for path in place.glob("error-*") if not path.name.startswith(".")]
        if code:
            assert code == 3, f"exit status {code} with {share:.0%} of the room needed"
            full += 1
        for path in errors:
            # The message itself finds no room where nothing at all is left.
            assert "no space left" in path.read_text() or path.stat().st_size == 0
            path.unlink()
        assert work.litter(kind, place) == []
        resize(disk, 65_536)
        assert run(kind, place) == 0
        assert set(work.result(kind, place)) == expected
        assert work.litter(kind, place) == []
        shutil.rmtree(place)
    assert full
    with capsys.disabled():
        print(f"\n{kind}: full disk {full} times of {SIZES}, 0 files left over, {SIZES} finished afterwards")


def run(kind: str, place: Path) -> int:
    process = start(work.do, kind, place)
    process.join(120)
    return process.exitcode if process.exitcode is not None else -1
