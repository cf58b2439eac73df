"""Work in a process of its own that runs to its end or is killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.toy_run import start

Work = Callable[..., None]
"""Called with its kind, a folder, and further arguments."""


def run(work: Work, kind: str, place: Path, *arguments: Any) -> float:
    """Do the work to its end; returns the seconds that it took."""
    began = time.monotonic()
    process = start(work, kind, place, *arguments)
    process.join(120)
    assert process.exitcode == 0, [path.read_text() for path in place.glob("error-*")]
    return time.monotonic() - began


def killed(work: Work, kind: str, place: Path, seconds: float, moments: random.Random) -> bool:
    """Begin the work and end it by a random signal within `seconds`; returns whether it was still at work."""
    number = moments.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    after = moments.uniform(0, seconds)
    process = start(work, kind, place)
    process.join(after)
    assert process.pid is not None
    if process.is_alive():
        with suppress(ProcessLookupError):  # it may end between the two lines
            os.kill(process.pid, number)
    process.join(60)
    return process.exitcode in (-number, 130)
