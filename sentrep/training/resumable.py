"""Which settings of a run differ from those asked for, and whether the run can be resumed with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FREE = {"training": {"threads", "checkpoint_every", "checkpoint_minutes", "log_every", "tracker"}}
"""Settings that change neither weights nor the exported model; they may differ when a run is resumed."""


def differences(known: Any, asked: Any, name: str = "") -> dict[str, tuple[Any, Any]]:
    """Returns what differs between two JSON values: both values by the name of the setting.

    >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})
    {'a.b': (1, 3)}
    """
    if not (isinstance(known, dict) and isinstance(asked, dict)):
        return {} if known == asked else {name: (known, asked)}
    found: dict[str, tuple[Any, Any]] = {}
    for key in [*known, *(key for key in asked if key not in known)]:
        found |= differences(known.get(key), asked.get(key), f"{name}.{key}".lstrip("."))
    return found


def described(found: Mapping[str, tuple[Any, Any]]) -> list[str]:
    """Returns a readable line for each difference.

    >>> described({"a.b": (1, 3)})
    ['a.b is 1 there, 3 here']
    """
    return [f"{name} is {there} there, {here} here" for name, (there, here) in found.items()]


def without_free(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings that must be equal when a run is resumed.

    >>> without_free({"training": {"lr": 1, "threads": 2}})
    {'training': {'lr': 1}}
    """
    return {
        name: {key: value for key, value in part.items() if key not in FREE.get(name, ())}
        if isinstance(part, dict)
        else part
        for name, part in settings.items()
    }
