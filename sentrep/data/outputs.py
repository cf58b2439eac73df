"""Files that a command writes must not take the place of what it reads, or of each other."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentrep.data.config import CorpusConfig
from sentrep.utils.errors import InputError, at, opt


def check_outputs(read: Sequence[object], **outputs: str | Path | None) -> None:
    """Check the files that will be written, before any work.

    Args:
        read: what is read, as users give it: paths, lists of paths, a `CorpusConfig`; texts in memory and
            None are no files.
        outputs: paths of the files by the name of their setting; None for what is not written.

    Raises:
        InputError: a file is a folder, is named twice, or exists and is among what is read.

    Example:
        >>> check_outputs(["texts"], out="groups.csv", drop=None)
    """
    seen: dict[Path, str] = {}
    for setting, given in outputs.items():
        if given is None:
            continue
        file = Path(given)
        if file.is_dir():
            raise InputError(f"{opt(setting)} {at(file)} is a folder; name a file in it")
        other = seen.setdefault(file.resolve(), setting)
        if other != setting:
            raise InputError(f"{opt(setting)} {at(file)} is also {opt(other)}; name another file")
        if file.exists() and any(_holds(place, file) for corpus in read for place in _places(corpus)):
            raise InputError(
                f"{opt(setting)} {at(file)} is read by this command and would be replaced; name another file"
            )


def _places(corpus: object) -> Iterator[Path]:
    """The files and folders that a user may have named."""
    if isinstance(corpus, CorpusConfig):
        corpus = corpus.corpus
    given = [corpus] if isinstance(corpus, str | os.PathLike) else corpus
    for each in given if isinstance(given, list | tuple) else ():
        # Path.exists raises an error for a text that is too long for a path.
        if isinstance(each, str | os.PathLike) and os.path.exists(each):  # noqa: PTH110
            yield Path(each)


def _holds(place: Path, file: Path) -> bool:
    return place.samefile(file) or place.resolve() in file.resolve().parents
