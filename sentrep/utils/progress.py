"""Progress of long work: what, how far, how fast, how long still. Written to stderr, and only where somebody
reads it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def progress(
    items: Iterable[T], description: str, total: int | None = None, unit: str = "sentence"
) -> Iterator[T]:
    """Yield `items` under a progress bar with rate and time left.

    The bar is shown on a terminal, or anywhere if the environment sets ``SENTREP_PROGRESS=1`` (``0`` silences
    it).

    >>> list(progress(range(3), "counting"))
    [0, 1, 2]
    """
    from tqdm import tqdm

    bar = tqdm(
        items,
        desc=description,
        total=total,
        unit=f" {unit}",
        unit_scale=True,
        disable=not visible(),
        leave=False,
    )
    yield from bar


def visible() -> bool:
    """Whether progress is shown."""
    asked = os.environ.get("SENTREP_PROGRESS")
    return sys.stderr.isatty() if asked is None else asked != "0"
