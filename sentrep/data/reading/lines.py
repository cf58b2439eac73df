"""Lines of a file, with their numbers, for messages that say where something is wrong."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from sentrep.utils.errors import InputError, at


def read_lines(file: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank, without their ends, of a file or of what is packed in a .gz.

    Raises `InputError` where it is no UTF-8 text, or damaged.
    """
    try:
        with (
            gzip.open(file, "rt", encoding="utf-8-sig")
            if file.suffix == ".gz"
            else file.open(encoding="utf-8-sig") as lines
        ):
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(f"{at(file)}: cannot be read as UTF-8 text ({error}); convert it first") from error
