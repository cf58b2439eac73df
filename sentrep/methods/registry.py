"""The registry of methods: what the package knows of each of them. Methods, and with them torch, are imported
when they are needed."""

from __future__ import annotations

import importlib
from typing import Any

from sentrep.methods import configs
from sentrep.methods.entry import Entry
from sentrep.utils.errors import InputError, nearest


def _entries() -> dict[str, Entry]:
    """The entry of each folder whose configuration `sentrep.methods.configs` lists, by the method's name."""
    found = dict[str, Entry]()
    for config in vars(configs).values():
        if isinstance(config, type):
            folder = config.__module__.removesuffix(".config")
            name = folder.rpartition(".")[2].replace("_", "-")
            found[name] = importlib.import_module(f"{folder}.entry").ENTRY
    return found


METHODS = _entries()
"""Name -> entry. The name is that of the folder, with hyphens."""
CORPUS_ONLY = [name for name, entry in METHODS.items() if entry.corpus_only]
"""The methods that can be trained on any corpus as it is."""


def entry(name: str) -> Entry:
    """The method of that name.

    Raises:
        InputError: there is none; names the nearest.
    """
    if name not in METHODS:
        raise InputError(f"no method is called {name!r}; {nearest(name, METHODS)}", setting="method")
    return METHODS[name]


def methods_with(capability: type) -> list[str]:
    """The names of the methods that have a capability."""
    return [name for name, each in METHODS.items() if capability in each.capabilities]


def configured(name: str, settings: Any | None) -> Any:
    """`settings` if they are those of the method, its defaults if there are none."""
    wanted = entry(name).config
    if settings is None:
        return wanted()
    if not isinstance(settings, wanted):
        raise InputError(
            f"{name} takes settings of {wanted.__module__}.{wanted.__name__}, not of "
            f"{type(settings).__module__}",
            setting="settings",
        )
    return settings
