"""Progress bars for long work, on stderr, and only if that is a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")
Total: TypeAlias = "int | Callable[[int], int | None] | None"
"""How many items there are; or how many there will be, estimated from the number of those that came; or
unknown."""

ESTIMATE_EVERY = 1024
"""Items after which a total is estimated again."""


def progress(
    items: Iterable[T], description: str, total: Total = None, unit: str = "sentence", initial: int = 0
) -> Iterator[T]:
    """Yield `items` under a progress bar with rate and time left.

    The bar is shown on a terminal, or anywhere if the environment sets ``SENTREP_PROGRESS=1`` (``0`` silences
    it).

    Args:
        items: what is passed on.
        description: of the work.
        total: number of items, with those done before; see `Total`.
        unit: what an item is.
        initial: items that were done before.

    >>> list(progress(range(3), "counting"))
    [0, 1, 2]
    """
    from tqdm import tqdm

    estimate = total if callable(total) else None
    bar = tqdm(
        items,
        desc=description,
        total=None if callable(total) else total,
        unit=f" {unit}",
        unit_scale=True,
        disable=not visible(),
        leave=False,
        initial=initial,
    )
    yield from bar if estimate is None or bar.disable else _estimated(bar, estimate, initial)


def batch_progress(batches: Sequence[T], description: str, size: int) -> Iterable[T]:
    """Batches under a progress bar; without one where there are fewer than two.

    Args:
        batches: what is passed on.
        description: of the work.
        size: number of items in a batch.

    >>> list(batch_progress([[1, 2], [3]], "counting", 2))
    [[1, 2], [3]]
    """
    if len(batches) < 2:
        return batches
    return progress(batches, description, len(batches), f"batch of {size}")


def _estimated(bar: Any, estimate: Callable[[int], int | None], done: int) -> Iterator[Any]:
    """The items of a bar, whose total is estimated now and then."""
    for number, item in enumerate(bar, start=done + 1):
        if number % ESTIMATE_EVERY == 0:
            bar.total = estimate(number)
        yield item


def visible() -> bool:
    """Whether progress is shown."""
    asked = os.environ.get("SENTREP_PROGRESS")
    return sys.stderr.isatty() if asked is None else asked != "0"
