"""The folder that `build` and `quickstart` write: an index, its model, results and a report.

Everything is made in a hidden folder in it and takes its place at the end. So an interruption leaves what was
there before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentrep.search.documents.manifest import is_document_index
from sentrep.search.place import INDEX
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import remove, replace_folder
from sentrep.utils.locks import writer

MODEL, RESULTS, ITEMS, REPORT = "model", "results.jsonl", "items", "report.html"
MADE = (INDEX, MODEL, ITEMS, RESULTS, REPORT)
"""All that takes its place at the end, in this order. `ITEMS` are the scores of `RESULTS`, one by one."""
SCRATCH = ".building"


@dataclass(frozen=True)
class Output:
    """The folder, and the hidden one in it."""

    folder: Path

    @property
    def scratch(self) -> Path:
        """Where everything is made."""
        return self.folder / SCRATCH

    @property
    def index(self) -> Path:
        return self.folder / INDEX

    @property
    def model(self) -> Path:
        return self.folder / MODEL

    @property
    def report(self) -> Path:
        return self.folder / REPORT

    def publish(self) -> None:
        """Let what was made take the place of what an earlier call made."""
        for name in MADE:
            made, place = self.scratch / name, self.folder / name
            if made.is_dir():
                replace_folder(made, place)
            elif made.exists():
                made.replace(place)
            else:
                remove(place)


@contextmanager
def output(folder: Path, work: str, *, overwrite: bool, further: tuple[str, ...] = ()) -> Iterator[Output]:
    """Be the only process that writes `folder`; the hidden folder is removed at the end.

    Args:
        folder: it need not exist. Files in it that have other names stay.
        work: what this process does, for the message that others get.
        overwrite: replace what an earlier call made.
        further: names of other files that will be written.

    Raises:
        InputError: the folder holds something that would be replaced and was not made by `build`; an index,
            and `overwrite` is false; or it cannot be written.
    """
    _check(folder, overwrite, (*MADE, *further))
    with writer(folder, work):
        made = Output(folder)
        folder.mkdir(exist_ok=True)
        remove(made.scratch)  # of a process that was killed
        made.scratch.mkdir()
        try:
            yield made
        finally:
            shutil.rmtree(made.scratch, ignore_errors=True)


def _check(folder: Path, overwrite: bool, names: tuple[str, ...]) -> None:
    if is_document_index(folder / INDEX):
        if not overwrite:
            raise InputError(f"{at(folder / INDEX)} exists; give another folder, or {opt('overwrite')}")
        names = ()
    for name in names:
        if os.path.lexists(folder / name):
            raise InputError(f"{at(folder / name)} exists and was not made by build; give another folder")
