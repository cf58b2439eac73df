"""From data to one page: style, scripts and data in a single file that a browser opens from a disk."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

SCRIPTS = ("dom.js", "league.js", "curves.js", "map.js", "heat.js", "neighbours.js", "failures.js", "main.js")
"""In this order: each may use what stands before it."""


def render(data: Mapping[str, Any]) -> bytes:
    """The page, UTF-8.

    Its policy lets a browser load nothing, and run no script but those of this package, known by their
    hashes: text from a corpus stays text whatever it contains, even if one of us forgets to escape it."""
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
    # One pass: what the data bring along is not searched for places to fill in.
    return re.sub(r"\[\[(\w+)\]\]", lambda place: parts[place[1]], template).encode()


def as_json(data: Any) -> str:
    """JSON that may stand inside a script element, which only "<" could end.

    >>> as_json({"a": ["</script>", float("nan"), 0.123456]})
    '{"a":["\\\\u003c/script>",null,0.12346]}'
    """
    text = json.dumps(_plain(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")


def _plain(value: Any) -> Any:
    """Five digits are more than a screen shows; JSON knows no infinity; half a surrogate pair is no text."""
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
