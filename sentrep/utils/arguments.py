"""Checks of arguments that several functions share: one string or many, one path or many."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

from sentrep.utils.errors import InputError, at, cut, opt


def is_one_string(value: object) -> TypeGuard[str | bytes]:
    """Whether a value is a single string. Python would iterate over its characters.

    >>> is_one_string("a text"), is_one_string(["a text"])
    (True, False)
    """
    return isinstance(value, str | bytes | bytearray)


def paths_of(value: object, name: str) -> list[str]:
    """One path or several, as a list of strings.

    Args:
        value: a path, or an iterable of paths.
        name: of the argument, for the message.

    Raises:
        InputError: something in it is not a path.

    >>> paths_of("results.jsonl", "results"), paths_of((Path("a"), "b"), "results")
    (['results.jsonl'], ['a', 'b'])
    """
    if isinstance(value, str | os.PathLike):
        return [_path(value, name)]
    if value is None or not isinstance(value, Iterable) or is_one_string(value) or isinstance(value, dict):
        raise InputError(
            f"{opt(name)} takes a path or a list of paths, not {type(value).__name__} {cut(repr(value))}"
        )
    return [_path(each, name) for each in value]


def _path(value: object, name: str) -> str:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) or not value:
        raise InputError(f"{opt(name)} takes a path or a list of paths; {cut(repr(value))} is no path")
    if "\0" in value:
        raise InputError(f"{opt(name)}: a path cannot hold a NUL character: {cut(repr(value))}")
    return value


def near_path(path: str | Path) -> str | None:
    """The name beside a path that does not exist which resembles it most, or None.

    The folder is listed only where it exists; nothing else of the file system is read.
    """
    import difflib

    path = Path(path)
    try:
        names = [each.name for each in path.parent.iterdir()] if path.parent.is_dir() else []
    except OSError:
        return None
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return str(path.parent / near[0]) if near else None


def existing(path: str | Path, what: str, setting: str | None = None) -> Path:
    """A path that exists.

    Args:
        path: to look for.
        what: should be there, for the message.
        setting: whose value it is.

    Raises:
        InputError: there is nothing; names what may have been meant.
    """
    if not Path(path).exists():
        near = near_path(path)
        hint = f"; did you mean {near!r}?" if near else ""
        raise InputError(f"{at(path)}: no such {what}{hint}", setting=setting)
    return Path(path)


def existing_paths(value: object, what: str, name: str) -> list[str]:
    """One path or several, all of which exist, as a list of strings.

    Args:
        value: a path, or an iterable of paths.
        what: should be there, for the message.
        name: of the argument, for the message.

    Raises:
        InputError: something in it is not a path, or a path does not exist.
    """
    paths = paths_of(value, name)
    for path in paths:
        existing(path, what, name)
    return paths
