"""Where an index is: in a folder, or in the folder `INDEX` of what `sentrep build` made."""

from __future__ import annotations

from pathlib import Path

from sentrep.utils.arguments import existing
from sentrep.utils.errors import InputError
from sentrep.utils.manifest import MANIFEST, Manifest

INDEX = "index"
"""Name of the index among what `sentrep build` makes."""


def index_place(path: str | Path) -> Path:
    """The folder of an index: the one that is given, or its folder `INDEX` if only this is an index.

    Raises:
        InputError: there is nothing at `path`.
    """
    place = existing(path, "index")
    inner = place / INDEX
    return inner if not (place / MANIFEST).is_file() and _is_index(inner) else place


def _is_index(place: Path) -> bool:
    if not (place / MANIFEST).is_file():
        return False

    from sentrep.search.documents.manifest import KIND as DOCUMENTS
    from sentrep.search.folder import KIND as VECTORS

    for kind in (DOCUMENTS, VECTORS):
        try:
            Manifest.read(place, kind)
        except InputError:
            continue
        return True
    return False
