"""Names of a package that are imported when they are first used."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def lazy_exports(package: str) -> tuple[dict[str, str], Callable[[str], Any]]:
    """The public names of a package, from its own import statements, and its ``__getattr__``.

    A name is public if it is imported under an alias equal to itself, ``from module import name as name``,
    which is also how type checkers recognise an export. The statements stand under ``if TYPE_CHECKING``, so
    that they run for type checkers only. ``from module import *`` stands for the public names of that module.

    Args:
        package: dotted name of the package, such as ``sentrep.api``.

    Returns:
        A dict from each public name to the module that defines it, and the function ``__getattr__`` of
        PEP 562, which imports that module when the name is first used.

    >>> places, get = lazy_exports("sentrep.api")
    >>> places["train"], get("train").__name__
    ('sentrep.api.training', 'train')
    """
    places = _exports(ROOT.joinpath(*package.split("."), "__init__.py"))

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(places[name]), name)

    return places, get


def _exports(file: Path) -> dict[str, str]:
    places = dict[str, str]()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                if alias.name == "*":
                    places |= _exports(ROOT.joinpath(*node.module.split(".")).with_suffix(".py"))
                elif alias.name == alias.asname:
                    places[alias.name] = node.module
    return places
