"""Rendering of the page: style, scripts and data in one HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

SCRIPTS = (
    "dom.js",
    "league.js",
    "curves.js",
    "map.js",
    "heat.js",
    "neighbours.js",
    "failures.js",
    "corpus.js",
    "main.js",
)
"""Script files in order; each may use those before it."""


def render(data: Mapping[str, Any]) -> bytes:
    """The page, encoded as UTF-8.

    Its content security policy forbids loading anything and allows only the scripts of this package, by their
    hashes. So text of a corpus can never run as a script.
    """
    folder = files(__package__) / "assets"
    style = _read(folder / "style.css")
    script = "\n".join(_read(folder / name) for name in SCRIPTS)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    parts = {"policy": policy, "style": style, "script": script, "data": as_json(data)}
    template = _read(folder / "page.html")
    parts["size"] = _size(len(template.encode()) + sum(len(part.encode()) for part in parts.values()))
    # One pass, so that placeholders inside the data are not replaced.
    return re.sub(r"\[\[(\w+)\]\]", lambda place: parts[place[1]], template).encode()


def as_json(data: Any) -> str:
    """JSON that is safe inside a script element: "<" is escaped.

    >>> as_json({"a": ["</script>", float("nan"), 0.123456]})
    '{"a":["\\\\u003c/script>",null,0.12346]}'
    """
    text = json.dumps(_plain(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    """Round numbers to five digits, and replace non-finite numbers and unpaired surrogates."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_plain(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _read(file: Any) -> str:
    text: str = file.read_text(encoding="utf-8")
    return text


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"
