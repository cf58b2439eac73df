"""Flat keywords, such as ``lr=1e-3, window=2``, to the configurations that have these fields, and types of
values."""

from __future__ import annotations

import dataclasses
import math
import os
import types
from collections.abc import Callable, Hashable, Mapping
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints

from sentrep.utils.errors import InputError, cut, nearest, opt

P = ParamSpec("P")
R = TypeVar("R")


def route(
    keywords: Mapping[str, Any], targets: Mapping[str, Any], also: tuple[str, ...] = ()
) -> dict[str, Any]:
    """The configurations with the keywords put into the one that has a field of that name.

    Args:
        keywords: values by setting.
        targets: configurations (instances of frozen dataclasses, or their classes) by name.
        also: further names that a typing error may have meant.

    Raises:
        InputError: no configuration has such a setting (the nearest is named), or the value is of a wrong
            type.

    >>> from sentrep.training.config import TrainingConfig
    >>> route({"lr": 1e-3}, {"training": TrainingConfig})["training"].lr
    0.001
    """
    fields = {field.name: name for name, target in targets.items() for field in dataclasses.fields(target)}
    chosen: dict[str, dict[str, Any]] = {name: {} for name in targets}
    for setting, value in keywords.items():
        if setting not in fields:
            hint = nearest(setting, [*fields, *also])
            raise InputError(f"no setting is called {setting!r}; {hint}", setting=setting)
        chosen[fields[setting]][setting] = value
    return {name: _configured(target, chosen[name]) for name, target in targets.items()}


def checked(setting: str, value: Any, wanted: Any) -> Any:
    """A value of the type that a setting wants, converted where nothing is lost (2 to 2.0, "runs" to a path).

    Raises:
        InputError: it is of another type; names the setting.

    >>> checked("lr", 1, float), checked("steps", None, int | None), checked("out", "runs", Path)
    (1.0, None, PosixPath('runs'))
    """
    for kind in _alternatives(wanted):
        fits, converted = _as(value, kind)
        if fits:
            return converted
    given = cut(f"{type(value).__name__} {value!r}", 80)
    raise InputError(f"{opt(setting)} takes {_described(wanted)}, not {given}")


def arguments_checked(function: Callable[P, R]) -> Callable[P, R]:
    """The function, with `checked` for each argument whose annotation consists of strings, paths, numbers,
    True or False, None and classes. The function checks the others itself: texts, corpora and models.

    >>> @arguments_checked
    ... def halved(width: int, out: str | Path = "a") -> int:
    ...     return width // 2
    >>> halved(8)
    4
    >>> halved("8")
    Traceback (most recent call last):
    sentrep.utils.errors.InputError: width takes a whole number, not str '8'
    """
    names = function.__code__.co_varnames[: function.__code__.co_argcount]

    @cache
    def wanted() -> dict[str, Any]:
        hints = {name: _hint(function, name) for name in (*names, *(function.__kwdefaults__ or ()))}
        return {name: hint for name, hint in hints.items() if all(map(_checkable, _alternatives(hint)))}

    @wraps(function)
    def checking(*arguments: P.args, **keywords: P.kwargs) -> R:
        for name, value in [*zip(names, arguments, strict=False), *keywords.items()]:
            if name in wanted():
                checked(name, value, wanted()[name])
        return function(*arguments, **keywords)

    return checking


def check_config(config: Any) -> Any:
    """The configuration with every value of the type that its field wants; see `checked`."""
    return _configured(
        config, {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    )


def _configured(target: Any, values: Mapping[str, Any]) -> Any:
    kind = target if isinstance(target, type) else type(target)
    wanted = get_type_hints(kind)
    values = {name: checked(name, value, wanted[name]) for name, value in values.items()}
    return target(**values) if isinstance(target, type) else dataclasses.replace(target, **values)


def _alternatives(wanted: Any) -> tuple[Any, ...]:
    return get_args(wanted) if get_origin(wanted) in (Union, types.UnionType) else (wanted,)


def _hint(function: Callable[..., Any], name: str) -> Any:
    """The annotation of an argument; a name in it that is imported for annotations alone makes it `Any`."""
    one = types.SimpleNamespace(__annotations__={name: function.__annotations__[name]})
    try:
        return get_type_hints(one, function.__globals__)[name]
    except NameError:
        return Any


def _checkable(kind: Any) -> bool:
    return get_origin(kind) is Literal or (
        isinstance(kind, type) and get_origin(kind) is None and kind is not Any
    )


def _as(value: Any, kind: Any) -> tuple[bool, Any]:
    """Whether a value is of a kind, and the value as that kind."""
    if kind is Any:
        return True, value
    if kind in (None, type(None)):
        return value is None, None
    if get_origin(kind) is Literal:
        return isinstance(value, Hashable) and value in get_args(kind), value
    if get_origin(kind) is tuple:
        return _as_tuple(value, get_args(kind)[0])
    if kind is bool:
        return isinstance(value, bool), value
    if isinstance(value, bool):
        return False, value
    if kind is int:
        return isinstance(value, Integral), int(value) if isinstance(value, Integral) else value
    if kind is float:
        fits = isinstance(value, Real) and math.isfinite(value)
        return fits, float(value) if fits else value
    if kind is Path:
        return isinstance(value, str | os.PathLike), Path(value) if isinstance(
            value, str | os.PathLike
        ) else value
    if kind is str:
        return isinstance(value, str | os.PathLike), str(value)
    return isinstance(value, kind), value


def _as_tuple(value: Any, kind: Any) -> tuple[bool, Any]:
    if not isinstance(value, list | tuple):
        return False, value
    each = [_as(item, kind) for item in value]
    return all(fits for fits, _ in each), tuple(item for _, item in each)


def _described(wanted: Any) -> str:
    return " or ".join(_one_described(kind) for kind in _alternatives(wanted))


def _one_described(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(repr, get_args(kind)))
    if get_origin(kind) is tuple:
        return f"a list of {_plural[get_args(kind)[0]]}"
    return _singular.get(kind, getattr(kind, "__name__", str(kind)))


_singular: dict[Any, str] = {
    int: "a whole number", float: "a finite number", bool: "True or False",
    str: "a string", Path: "a path", type(None): "None",
}  # fmt: skip
_plural: dict[Any, str] = {int: "whole numbers", float: "finite numbers", str: "strings", Path: "paths"}
