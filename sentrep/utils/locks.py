"""One writer at a time: a lock beside what is written, which says who holds it."""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import disk_errors, sweep

POLL = 0.1
"""Seconds between two attempts to take a lock that another process holds."""


@contextmanager
def writer(target: Path, work: str, *, wait: bool = False) -> Iterator[None]:
    """Be the only process that writes `target`.

    Within the block: other writers are refused or wait; what killed writers left aside has been removed;
    SIGTERM raises KeyboardInterrupt, as Ctrl-C does, so that everything is cleaned up; errors of the disk are
    InputErrors.

    Args:
        target: file or folder that will be written; it need not exist.
        work: what this process does, for the message that others get, such as "embed".
        wait: wait for another writer instead of refusing.

    Raises:
        InputError: another process writes `target`; the message names its host, process id and start. Or the
            disk is full, or the target cannot be written.
    """
    target = target.resolve()
    with disk_errors(target), terminated_as_interrupted():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target, work, wait):
            sweep(target, own=True)
            yield


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Within the block SIGTERM raises KeyboardInterrupt, unless the program handles it in a way of its
    own."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt("terminated")

    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        with suppress(ValueError):
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def holder(target: Path) -> str:
    """Who writes `target`, as text for people."""
    try:
        known = json.loads(lock_file(target).read_text(encoding="utf-8"))
        return "{work} on {host}, process {pid}, since {since}".format(**known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "another process"


def lock_file(target: Path) -> Path:
    """Where the lock of `target` is: beside it, or in it where the folder around it cannot be written."""
    target = target.resolve()
    if target.is_dir() and not os.access(target.parent, os.W_OK):
        return target / ".lock"
    return target.with_name(f".{target.name}.lock")


@contextmanager
def _locked(target: Path, work: str, wait: bool) -> Iterator[None]:
    from filelock import FileLock, Timeout

    file = lock_file(target)
    lock = FileLock(file, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise InputError(
                f"{at(target)} is being written by {holder(target)}; wait until it has ended "
                f"({opt('wait')} does that), or name another place"
            ) from None
        print(f"waiting for {target}, which is being written by {holder(target)}", file=sys.stderr)
        lock.acquire(poll_interval=POLL)
    try:
        # The lock is on the open file: what stands in it is for people.
        file.write_text(json.dumps(_me(work)), encoding="utf-8")
        yield
    finally:
        # Removed while it is held: a process that opened it before sees that it has no name any more, and
        # retries.
        file.unlink(missing_ok=True)
        lock.release()


def _me(work: str) -> dict[str, str | int]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"work": work, "host": platform.node(), "pid": os.getpid(), "since": since}
