"""When a name may be looked for on the hub, and whether the hub can be reached."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

PATIENCE = 3.0
"""Seconds to wait for a connection. Without this the libraries below would retry for minutes."""


def is_hub_name(name: str, hub: bool = False) -> bool:
    """Whether a name may be looked for on the hub: owner/name, or with `hub` a plain name.

    A name whose first part is a folder here is a path with a typing error, and is never sent anywhere.

    >>> is_hub_name("nobody/model"), is_hub_name("bm52"), is_hub_name("bm52", hub=True)
    (True, False, True)
    """
    pattern = r"[\w.-]+(/[\w.-]+)?" if hub else r"[\w.-]+/[\w.-]+"
    if not re.fullmatch(pattern, name) or name.startswith("."):
        return False
    return "/" not in name or not Path(name).parent.exists()


@contextmanager
def without_retries() -> Iterator[None]:
    """Within it the libraries of the hub use their local cache only, if the hub cannot be reached: else they
    would retry for minutes."""
    modules: list[Any] = [] if reachable() else [sys.modules.get(name) for name in _CONFIGURATIONS]
    before = [(module, module.HF_HUB_OFFLINE) for module in modules if hasattr(module, "HF_HUB_OFFLINE")]
    try:
        for module, _ in before:
            module.HF_HUB_OFFLINE = True
        yield
    finally:
        for module, value in before:
            module.HF_HUB_OFFLINE = value


_CONFIGURATIONS = ("huggingface_hub.constants", "datasets.config")


@cache
def reachable() -> bool:
    """Whether a connection to the hub, or to the proxy that leads there, can be opened. Asked once a
    process."""
    from urllib.parse import urlsplit
    from urllib.request import getproxies

    endpoint = urlsplit(os.environ.get("HF_ENDPOINT") or "https://huggingface.co")
    proxy = getproxies().get(endpoint.scheme)
    target = urlsplit(proxy if proxy and "://" in proxy else f"http://{proxy}") if proxy else endpoint
    port = target.port or (443 if target.scheme == "https" else 80)
    try:
        with socket.create_connection((target.hostname or "", port), timeout=PATIENCE):
            return True
    except OSError:
        return False
