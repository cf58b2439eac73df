"""Ctrl-C and SIGTERM end the training loop after a checkpoint."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether the loop was asked to end."""

    asked = False


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """At the first Ctrl-C (or SIGTERM) asks the loop to save and end; a second one ends the process at
    once."""
    interrupt = Interrupt()

    def ask(number: int, frame: FrameType | None) -> None:
        if interrupt.asked:
            raise KeyboardInterrupt
        interrupt.asked = True

    numbers = (signal.SIGINT, signal.SIGTERM)
    try:
        before = [signal.signal(number, ask) for number in numbers]
    except ValueError:
        # Signals reach the main thread only. Training in another thread is ended by them as any program is.
        yield interrupt
        return
    try:
        yield interrupt
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
