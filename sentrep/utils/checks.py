"""Checks of settings: each raises `InputError` with the name of the setting that is wrong."""

from __future__ import annotations

from typing import Any

from sentrep.utils.errors import InputError, opt


def check_at_least(settings: Any, minimum: float, *names: str) -> None:
    """Checks that settings are `minimum` or more; None is allowed.

    Raises:
        InputError: a setting is smaller.

    >>> from types import SimpleNamespace
    >>> check_at_least(SimpleNamespace(width=8, samples=None), 1, "width", "samples")
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and value < minimum:
            raise InputError(f"{opt(name)} {value}: must be {minimum} or more")


def check_between(settings: Any, low: float, high: float, *names: str) -> None:
    """Checks that settings lie between `low` and `high`, both included; None is allowed.

    Raises:
        InputError: a setting is smaller or larger.

    >>> from types import SimpleNamespace
    >>> check_between(SimpleNamespace(warmup=0.5), 0, 1, "warmup")
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not low <= value <= high:
            raise InputError(f"{opt(name)} {value}: must be between {low} and {high}")


def check_dropout(settings: Any, name: str) -> None:
    """Checks that a dropout rate is 0 or more and below 1.

    Raises:
        InputError: it is not.

    >>> from types import SimpleNamespace
    >>> check_dropout(SimpleNamespace(dropout=0.1), "dropout")
    """
    value = getattr(settings, name)
    if not 0 <= value < 1:
        raise InputError(f"{opt(name)} {value}: must be 0 or more and below 1")
