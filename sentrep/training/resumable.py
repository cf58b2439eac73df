"""Which settings of a run differ from those asked for, and whether the run can be resumed with them."""

from __future__ import annotations

from typing import Any

FREE = {"training": {"threads", "checkpoint_every", "checkpoint_minutes", "log_every", "tracker"}}
"""Settings that change neither weights nor the exported model; they may differ when a run is resumed."""


def differences(known: Any, asked: Any, name: str = "") -> list[str]:
    """Returns the differences of two JSON values as readable lines.

    >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})
    ['a.b is 1 there, 3 here']
    """
    if isinstance(known, dict) and isinstance(asked, dict):
        keys = [*known, *(key for key in asked if key not in known)]
        return [
            line
            for key in keys
            for line in differences(known.get(key), asked.get(key), f"{name}.{key}".lstrip("."))
        ]
    return [] if known == asked else [f"{name} is {known} there, {asked} here"]


def differing(known: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    """Returns the names of the settings that differ and must not.

    >>> differing({"training": {"lr": 1, "threads": 1}}, {"training": {"lr": 2, "threads": 2}})
    ['training.lr']
    """
    lines = differences(without_free(known), without_free(asked))
    return [line.split(" is ", 1)[0] for line in lines]


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
