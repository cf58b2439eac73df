"""The front matter of Markdown files: what stands between "---" (YAML) or "+++" (TOML) above the text."""

from __future__ import annotations

import re
import tomllib
from typing import Any, NamedTuple

_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\n((?:.*\n)*?)(?:\1|\.\.\.)[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"\s*(?:#.*)?$|\s+\S|- |[\w.\"'-]+\s*[:=]|\[[\w.\[\]-]+\]\s*$")
_TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([^\s>|#\"'].*?)[ \t]*(?:[ \t]\#.*)?$", re.MULTILINE)
"""A title on one line, for front matter that is no correct YAML, such as ``title: Part 1: the garden``."""


class FrontMatter(NamedTuple):
    """Front matter as it was found above a text."""

    end: int
    """First character of the text below."""
    title: str
    """Empty where it names none."""


def front_matter(text: str) -> FrontMatter | None:
    """The front matter of a text; None if there is none.

    >>> front_matter("---\\ntitle: >\\n  The\\n  garden\\n---\\nText.")
    FrontMatter(end=32, title='The garden')
    """
    found = _FRONT.match(text)
    if not found or not all(map(_FIELD.match, found[2].split("\n"))):
        return None
    fields = _toml(found[2]) if found[1] == "+++" else _yaml(found[2])
    if isinstance(fields, dict):
        title = fields.get("title")
    else:
        line = _TITLE.search(found[2])
        title = line[1] if line else ""
    return FrontMatter(found.end(), " ".join(title.split()) if isinstance(title, str) else "")


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _yaml(text: str) -> Any:
    """Fields as texts, whatever they look like; None where the text is no YAML."""
    import yaml

    try:
        return yaml.load(text, yaml.BaseLoader)  # makes texts, lists and mappings alone
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
