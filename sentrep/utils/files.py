"""Files that are there whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

PARTIAL = ".partial"
"""Ending of a file that is still being written."""


@contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Write a file under another name, see it safely on disk, and rename it; what goes wrong leaves nothing
    behind."""
    aside = file.with_name(f".{file.name}.{os.getpid()}{PARTIAL}")
    try:
        with aside.open("wb") as out:
            yield out
            to_disk(out)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def to_disk(file: BinaryIO) -> None:
    """Have what was written survive a power cut."""
    file.flush()
    os.fsync(file.fileno())


def sha256(file: Path) -> str:
    """Checksum of a file, read in pieces."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
