"""Files and folders that are replaced as a whole, checksums, and errors of the disk."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from sentrep.utils.errors import InputError, at

PARTIAL = ".partial"
"""Ending of a file or folder that is still being written; its name holds the id of the writing process."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a disk or a quota without space."""
_REFUSED = (errno.EROFS, errno.EACCES, errno.EPERM)
_NOT_MADE = (errno.ENOTDIR, errno.EEXIST, errno.ENOENT, errno.ENAMETOOLONG, errno.ELOOP)
_RENAME_EXCHANGE = 2
_AT_FDCWD = -100


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Write a file under another name, flush it to the disk, and rename it. An error leaves nothing behind.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with whole(target) as out:
    ...     _ = out.write(b"text")
    >>> target.read_bytes()
    b'text'
    """
    aside = aside_of(file)
    try:
        with aside.open("wb") as out:
            yield out
            to_disk(out)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


@contextmanager
def output_file(file: Path) -> Iterator[BinaryIO]:
    """Write a file that a user named as `whole` does; the folders above it are made.

    Raises:
        InputError: it cannot be written. Where the block begins with this, that is known before any work.
    """
    with disk_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole(file) as out:
            yield out


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a new folder to write to; it takes the place of `target` in one step when the block ends.

    Until then `target` stays as it was, and an error removes the new folder.

    Raises:
        InputError: `target` is a mount point, which nothing can take the place of.
    """
    if target.is_mount():
        raise InputError(f"{at(target)} is a mount point; name a folder in it")
    aside = aside_of(target)
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        use_umask(aside)
        replace_folder(aside, target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def aside_of(target: Path) -> Path:
    """The name under which this process writes what will become `target`.

    >>> aside_of(Path("runs/a")).name == f".a.{os.getpid()}.partial"
    True
    """
    return target.with_name(f".{target.name}.{os.getpid()}{PARTIAL}")


def replace_folder(new: Path, target: Path) -> None:
    """Put `new` in the place of `target`, which is removed.

    The two names are exchanged in one step where the system can (Linux); elsewhere an interruption between
    two steps leaves the old folder under its aside-name, from where `sweep` brings it back.
    """
    if not os.path.lexists(target):
        new.rename(target)
        return
    if target.is_dir() and not target.is_symlink() and _exchange(new, target):
        shutil.rmtree(new)
        return
    old = target.with_name(f".{target.name}.{os.getpid()}.old{PARTIAL}")
    target.rename(old)
    new.rename(target)
    old.unlink() if old.is_symlink() or old.is_file() else shutil.rmtree(old)


def sweep(target: Path, *, own: bool = False) -> None:
    """Remove what ended processes left aside of `target` and directly in it.

    Args:
        own: also remove what has the id of this process; correct where the target is locked, because then an
            earlier process with the same id left it.
    """
    for place, name in ((target.parent, re.escape(target.name)), (target, ".+")):
        # With ".lock": the lock of a folder that was being made aside.
        pattern = re.compile(rf"\.\.?{name}\.(\d+)(\.old)?{re.escape(PARTIAL)}(?:\.lock)?")
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            found = pattern.fullmatch(path.name)
            if found is None or _running(int(found.group(1)), own):
                continue
            if found.group(2) and place == target.parent and not os.path.lexists(target):
                path.rename(target)
            else:
                remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with the home folder in the place of ``~``. A ``~`` in front of anything but the name of a user
    stays, where `Path.expanduser` raises an error.

    >>> expanded("~$report.docx").name
    '~$report.docx'
    """
    return Path(os.path.expanduser(path))  # noqa: PTH111


def use_umask(path: Path) -> None:
    """Give a file, or all files in a folder, the permissions that the umask asks for.

    Libraries that write through temporary files leave them readable by their owner alone.
    """
    mask = _umask()
    if path.is_dir():
        for inner in path.iterdir():
            use_umask(inner)
    elif path.is_file() and not path.is_symlink():
        path.chmod(0o666 & ~mask)


def to_disk(file: BinaryIO) -> None:
    """Flush what was written to the disk, so that it survives a power cut."""
    file.flush()
    os.fsync(file.fileno())


def sha256(file: Path) -> str:
    """The sha256 of a file (hexadecimal), read in pieces."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn errors of writing below `target` into an `InputError`: disk full, quota, read-only, no
    permission, or a target that cannot be made where it was asked for."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        explained = _explained(error, target)
        if explained is None:
            raise
        raise InputError(explained) from error


def _explained(error: Exception, target: Path) -> str | None:
    number = _errno(error)
    if number in FULL:
        return (
            f"no space left in {at(target.parent)}; what was finished is kept: make room, then run it again"
        )
    if number == errno.EFBIG:
        return f"{at(target)}: larger than the limit on the size of files; what was finished is kept"
    if number in _REFUSED:
        place = getattr(error, "filename", None) or target
        return f"{at(place)}: cannot be written or read ({os.strerror(number)}); name another place"
    if number in _NOT_MADE and (above := _not_made(error, target)):
        return f"{at(target)} cannot be made ({above}: {os.strerror(number)}); name another place"
    return None


def _not_made(error: Exception, target: Path) -> Path | None:
    """What was to be made, if it is `target`, a folder above it, or a file aside of it. Whatever else is
    missing or exists is a defect."""
    named = getattr(error, "filename", None)
    if not isinstance(named, str | os.PathLike):
        return None
    place, target = Path(named).absolute(), target.absolute()
    if place in target.parents:
        return place
    aside = place.parent == target.parent and place.name.startswith(f".{target.name}.")
    found = (place == target or aside) and _errno(error) != errno.ENOENT
    return place if found else None


def _errno(error: Exception) -> int | None:
    """The number of the system's error, which libraries hide in different ways."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    if isinstance(error, OSError) and re.fullmatch(r"\d+ requested and \d+ written", str(error)):
        return errno.ENOSPC  # NumPy's, for a write that was cut short
    hidden = re.search(r"os error (\d+)\)", str(error))  # Rust's
    return int(hidden.group(1)) if hidden else None


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; False where the system or the file system cannot."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if call is None:
        return False
    done: int = call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    return done == 0


def _running(pid: int, own: bool) -> bool:
    if pid == os.getpid():
        return not own
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _umask() -> int:
    """The mask of this process. Reading it means setting it, for an instant."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
