"""Folders that a command was given in place of those it needs."""

from __future__ import annotations

from pathlib import Path

from sentrep.inference.names import MINILM
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded
from sentrep.utils.hub import is_hub_name
from sentrep.utils.manifest import MANIFEST, Manifest

OF_MODELS = ("modules.json", "config.json", "run.json", "model/modules.json")
"""Files that only folders of models and of runs have."""


def index_folder(place: Path) -> Path:
    """The folder of an index.

    Raises:
        InputError: it is none, but its folder ``index`` is one; `sentrep build` makes such folders.
    """
    inner = place / "index"
    if not (place / MANIFEST).is_file() and _is_index(inner):
        raise InputError(f"{at(place)} is no index; did you mean {str(inner)!r}?", setting="index")
    return place


def vectors_folder(source: str) -> str:
    """A folder of vectors, which `sentrep index` takes without files.

    Raises:
        InputError: it is a model.
    """
    place = expanded(source)
    is_model = any((place / name).is_file() for name in OF_MODELS) and not (place / MANIFEST).is_file()
    if is_model or (source == MINILM and not place.exists()):
        raise InputError(f"{at(source)} is a model: give {opt('input')} FILES, which it will index")
    if is_hub_name(source) and not place.exists():
        raise InputError(f"{at(source)}: no such folder; if it is a model, give {opt('input')} FILES")
    return source


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
