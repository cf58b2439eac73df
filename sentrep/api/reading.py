"""Reports what was read and skipped: as a warning, or as an error if the caller asks for strict reading."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.utils.errors import InputError, ReadWarning, on_command_line, opt, shown

if TYPE_CHECKING:
    from sentrep.data.store.store import Store
    from sentrep.data.truncation import Truncation

T = TypeVar("T")


def announce(report: ReadReport, strict: bool = False) -> None:
    """Warn of what a report counted, if it counted anything.

    Args:
        report: counts of what was read and skipped.
        strict: raise if there was a problem.

    Raises:
        InputError: there was a problem, and `strict` is set.
    """
    refuse_problems(report, strict)
    if lines := report.lines(command_line=on_command_line()):
        warnings.warn(ReadWarning("\n".join(lines)), stacklevel=_outside())


def announce_store(store: Store, strict: bool = False) -> None:
    """Warn of what was skipped in a prepared corpus, and of sentences cut at `max_tokens`."""
    announce(ReadReport.from_dict(store.report), strict)
    if store.truncated:
        cut = f"{store.truncated:,} of {len(store):,}"
        longest = store.header["options"]["max_tokens"]
        message = f"sentences cut at {longest:,} tokens: {cut}; sentrep train takes {opt('max_tokens')}"
        if strict:
            raise InputError(f"{message} ({opt('strict')})", setting="strict")
        warnings.warn(ReadWarning(shown(message)), stacklevel=_outside())


def announce_truncation(truncation: Truncation, unit: str = "sentences") -> None:
    """Warn of texts that an encoder did not read to their end."""
    if message := truncation.message(unit):
        warnings.warn(ReadWarning(message), stacklevel=_outside())


def announce_message(message: str) -> None:
    """Warn of something about the input that is no problem of reading."""
    warnings.warn(ReadWarning(message), stacklevel=_outside())


def watched(items: Iterable[T], report: ReadReport, strict: bool = False) -> Iterator[T]:
    """Pass items on while they are read, and warn of problems at the end.

    Args:
        items: what is passed on; reading them adds to `report`.
        report: counts what was read and skipped.
        strict: raise at the first problem instead.

    Raises:
        InputError: there was a problem, and `strict` is set.
    """
    for item in items:
        refuse_problems(report, strict)
        yield item
    announce(report, strict)


def expected_sentences(config: CorpusConfig, report: ReadReport) -> Callable[[int], int | None]:
    """How many sentences a corpus will have, estimated from those that came: from the characters read so far,
    as counted in `report`, and the bytes of the files. None where the bytes are not known."""
    paths = [Path(name) for name in config.corpus]
    known = all(name != "-" and path.exists() for name, path in zip(config.corpus, paths, strict=True))
    size = sum(map(_bytes_in, paths)) if known else 0

    def estimate(count: int) -> int | None:
        return max(count, count * size // report.characters) if size and report.characters else None

    return estimate


def _bytes_in(path: Path) -> int:
    """The size of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(file.stat().st_size for file in files)


def refuse_problems(report: ReadReport, strict: bool) -> None:
    """Raise for a report with problems where `strict` is set.

    Raises:
        InputError: names each kind of problem with its first places.
    """
    if strict and not report.clean:
        problems = "\n".join(f"  {line}" for line in report.messages())
        raise InputError(f"{opt('strict')}: there were problems in what was read:\n{problems}")


def _outside() -> int:
    """The stack level of the first caller outside of this package, as `warnings.warn` counts in the
    caller."""
    level, frame = 1, sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "sentrep":
        if frame.f_back is None:
            break
        level, frame = level + 1, frame.f_back
    return level
