"""The commands that keep an index of documents up to date: add, remove, update."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

from sentrep.api.documents import open_documents
from sentrep.data.config import CorpusConfig

IndexFolder = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="INDEX")]
Files = Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FILES")]


def add(index: IndexFolder, files: Files, model: str | None = None, text_field: str = "text") -> None:
    """Add files to an index of documents. A document whose id is in the index already replaces the old one.

    Args:
        index: Folder that `sentrep index` made.
        files: Files and folders to add.
        model: The index's model, if it has moved.
        text_field: Field or column that holds the text.
    """
    search = open_documents(index, model)
    count = search.add(CorpusConfig(files, text_field=text_field))
    print(f"added {count:,} passages; {len(search):,} in {index}")


def remove(index: IndexFolder, id: tuple[str, ...] = (), file: tuple[str, ...] = ()) -> None:
    """Remove documents from an index.

    Args:
        index: Folder that `sentrep index` made.
        id: Ids of documents.
        file: Files that documents came from.
    """
    search = open_documents(index)
    count = search.remove(ids=id, files=tuple(str(Path(each).resolve()) for each in file))
    print(f"removed {count:,} passages; {len(search):,} in {index}")


def update(index: IndexFolder, files: Files, model: str | None = None, text_field: str = "text") -> None:
    """Make an index equal to files as they are now: read changed and new ones, remove deleted ones.

    Args:
        index: Folder that `sentrep index` made.
        files: Files and folders that the index was made of.
        model: The index's model, if it has moved.
        text_field: Field or column that holds the text.
    """
    search = open_documents(index, model)
    done = search.update(CorpusConfig(files, text_field=text_field))
    print(
        f"files     {done.new:,} new, {done.changed:,} changed, {done.deleted:,} deleted, {done.unchanged:,} unchanged"
    )
    print(f"passages  {done.added:,} added, {done.removed:,} removed, {len(search):,} in {index}")
