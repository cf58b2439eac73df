"""Checks of settings: each raises `InputError` with the name of the setting that is wrong."""

from __future__ import annotations

from typing import Any

from sentrep.utils.errors import InputError, opt

LARGEST_SEED = 2**32 - 1
"""Of the random generators of all libraries."""

MOST_THREADS = 4096
"""With very many more than there are processors, OpenMP ends the process."""


def check_seed(seed: int) -> None:
    """Checks that a seed is one that every random generator takes.

    Raises:
        InputError: it is negative or too large.

    >>> check_seed(0)
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"{opt('seed')} {seed}: must be between 0 and {LARGEST_SEED}")


def check_at_least(settings: Any, minimum: float, *names: str) -> None:
    """Checks that settings are `minimum` or more; None is allowed.

    Raises:
        InputError: a setting is smaller.

    >>> from types import SimpleNamespace
    >>> check_at_least(SimpleNamespace(width=8, samples=None), 1, "width", "samples")
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value >= minimum:
            raise InputError(f"{opt(name)} {value}: must be {minimum} or more")


def check_above(settings: Any, limit: float, *names: str) -> None:
    """Checks that settings are larger than `limit`; None is allowed.

    Raises:
        InputError: a setting is `limit` or smaller.

    >>> from types import SimpleNamespace
    >>> check_above(SimpleNamespace(lr=1e-3, minutes=None), 0, "lr", "minutes")
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value > limit:
            raise InputError(f"{opt(name)} {value}: must be above {limit}")


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


def check_share(settings: Any, *names: str) -> None:
    """Checks that shares, such as dropout rates, are 0 or more and below 1; None is allowed.

    Raises:
        InputError: a setting is smaller or larger.

    >>> from types import SimpleNamespace
    >>> check_share(SimpleNamespace(dropout=0.1, sample=None), "dropout", "sample")
    """
    for name in names:
        value = getattr(settings, name)
        if value is not None and not 0 <= value < 1:
            raise InputError(f"{opt(name)} {value}: must be 0 or more and below 1")
