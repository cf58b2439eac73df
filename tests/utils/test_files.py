"""Files and folders that are replaced as a whole, what is left of killed writers, and errors of the disk."""

from __future__ import annotations

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors import SafetensorError

from sentrep.utils import files
from sentrep.utils.errors import InputError
from sentrep.utils.files import disk_errors, replace_folder, sweep, use_umask, whole, whole_folder
from sentrep.utils.locks import writer
from tests.errors import refuses


def dead_pid() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("old")
    with pytest.raises(ZeroDivisionError), whole(file) as out:  # noqa: PT012
        out.write(b"half")
        raise ZeroDivisionError
    assert file.read_text() == "old"
    with whole(file) as out:
        out.write(b"new")
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced_as_a_whole(
    exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    target = tmp_path / "deep" / "folder"
    for content in ("one", "two"):
        with whole_folder(target) as aside:
            (aside / content).write_text(content)
        assert [path.name for path in target.iterdir()] == [content]
    with pytest.raises(ZeroDivisionError), whole_folder(target) as aside:  # noqa: PT012
        (aside / "three").write_text("three")
        raise ZeroDivisionError
    assert [path.name for path in target.iterdir()] == ["two"]
    assert list(target.parent.iterdir()) == [target]


def test_a_crash_between_two_renames_is_undone_by_the_next_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system cannot exchange two names, a crash leaves the old folder under another name."""
    monkeypatch.setattr(files, "_exchange", lambda one, other: False)
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "old").touch()
    (tmp_path / "new").mkdir()
    rename, count = Path.rename, 0

    def dies(path: Path, other: Path) -> Path:
        nonlocal count
        count += 1
        if count == 2:
            raise OSError("the power went")
        return rename(path, other)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="the power went"):  # noqa: PT012
        patch.setattr(Path, "rename", dies)
        replace_folder(tmp_path / "new", tmp_path / "target")
    assert not (tmp_path / "target").exists()
    sweep(tmp_path / "target", own=True)
    assert (tmp_path / "target" / "old").exists()


def test_only_leftovers_of_ended_processes_are_swept(tmp_path: Path) -> None:
    target, dead, alive = tmp_path / "target", dead_pid(), os.getppid()
    target.mkdir()
    gone = [tmp_path / f".target.{dead}.partial", target / f".manifest.json.{dead}.partial"]
    kept = [
        tmp_path / f".target.{alive}.partial",
        tmp_path / f".other.{dead}.partial",
        tmp_path / f"target.{dead}.partial",
        tmp_path / ".target.partial",
        target / "notes.partial",
    ]
    for path in [*gone, *kept]:
        path.mkdir()
        (path / "file").touch()
    sweep(target)
    assert not any(path.exists() for path in gone)
    assert all(path.exists() for path in kept)


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_files_get_the_mode_of_the_umask(mask: int, tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    before = os.umask(mask)
    try:
        with whole_folder(tmp_path / "folder") as aside:
            (aside / "inner").mkdir()
            save_file({"a": np.zeros(3)}, aside / "inner" / "weights")
        with whole(tmp_path / "folder" / "file") as out:
            out.write(b"x")
    finally:
        os.umask(before)
    for file in (tmp_path / "folder" / "inner" / "weights", tmp_path / "folder" / "file"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o666 & ~mask
    use_umask(tmp_path / "folder" / "file")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        OSError("1024 requested and 7 written"),
        SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)"),
        RuntimeError("weights: No space left on device (os error 28)"),
    ],
)
def test_a_full_disk_is_an_input_error(error: Exception, tmp_path: Path) -> None:
    with refuses(place=tmp_path), disk_errors(tmp_path / "target"):
        raise error


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM, errno.EFBIG])
def test_a_target_that_cannot_be_written_is_an_input_error(number: int, tmp_path: Path) -> None:
    with refuses(place="target"), disk_errors(tmp_path / "target"):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("out", ["file/out", "file/deeper/out", f"file/{'n' * 300}", f"{'n' * 300}"])
def test_a_target_that_cannot_be_made_is_an_input_error(out: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    target = tmp_path / out
    with refuses(place=target), writer(target, "work"), whole_folder(target):
        pass
    with refuses(place=target), disk_errors(target), whole_folder(target):
        pass
    with refuses(place=target), disk_errors(target):  # as mkdir in /proc
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(target.parent))
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EEXIST, errno.ENOTDIR])
def test_other_files_that_are_missing_are_defects(number: int, tmp_path: Path) -> None:
    for name in ("target/inner", "other"):
        with pytest.raises(OSError, match="text"), disk_errors(tmp_path / "target"):
            raise OSError(number, "text", str(tmp_path / name))
    with pytest.raises(FileNotFoundError), disk_errors(tmp_path / "target"):
        (tmp_path / "target").read_text()


@pytest.mark.parametrize("error", [OSError(errno.ENOENT, "x"), ValueError("x"), RuntimeError("os error")])
def test_other_errors_are_left_as_they_are(error: Exception, tmp_path: Path) -> None:
    with pytest.raises(type(error)) as caught, disk_errors(tmp_path / "target"):
        raise error
    assert caught.value is error


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Within it no file grows beyond `size` bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_limit_on_file_sizes_is_an_input_error(tmp_path: Path) -> None:
    with largest_file(1000), pytest.raises(InputError), disk_errors(tmp_path / "file"):  # noqa: SIM117
        with whole(tmp_path / "file") as out:
            out.write(bytes(5000))
    assert list(tmp_path.iterdir()) == []


def test_a_mount_point_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "is_mount", lambda _: True)
    with refuses(place=tmp_path / "index"), files.whole_folder(tmp_path / "index"):
        raise AssertionError("nothing is written")


def test_a_named_file_that_cannot_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with refuses(place=tmp_path / "file" / "out.txt"), files.output_file(tmp_path / "file" / "out.txt"):
        raise AssertionError("no work is done")
    with files.output_file(tmp_path / "deep" / "out.txt") as out:
        out.write(b"text")
    assert (tmp_path / "deep" / "out.txt").read_bytes() == b"text"
