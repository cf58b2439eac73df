"""Folders that a command was given in place of those it needs."""

from __future__ import annotations

from sentrep.inference.names import MINILM
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded
from sentrep.utils.hub import is_hub_name
from sentrep.utils.manifest import MANIFEST

OF_MODELS = ("modules.json", "config.json", "run.json", "model/modules.json")
"""Files that only folders of models and of runs have."""


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
