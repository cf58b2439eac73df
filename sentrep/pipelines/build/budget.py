"""The time limit of a build, and the time that its steps take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sentrep.utils.errors import InputError, opt, shown

MINUTES = 5.0
SHARE = 0.8
"""Share of the time left that one candidate may take; the rest is for the index and the report."""


class Budget:
    """Wall-clock time from now on.

    Args:
        minutes: how long a build may take, about.

    Raises:
        InputError: `minutes` is negative.
    """

    def __init__(self, minutes: float = MINUTES) -> None:
        if not minutes >= 0:
            raise InputError(f"{opt('minutes')} {minutes}: must be 0 or more", setting="minutes")
        self.minutes, self._began = minutes, time.monotonic()

    @property
    def left(self) -> float:
        """Seconds that are left; 0 where the time is over."""
        return max(0.0, 60 * self.minutes - (time.monotonic() - self._began))

    def objection(self, seconds: float) -> str:
        """Why something that takes so long is left out; empty where there is time enough for it.

        >>> Budget(5).objection(60)
        ''
        >>> Budget(5).objection(600)
        'takes about 10 minutes, of which there are 5 left; minutes 13 would include it'
        """
        if seconds <= SHARE * self.left:
            return ""
        spent = 60 * self.minutes - self.left
        enough = int((spent + seconds / SHARE) / 60) + 1
        return shown(
            f"takes about {max(1, round(seconds / 60))} minutes, of which there are "
            f"{self.left / 60:.0f} left; {opt('minutes')} {enough} would include it"
        )


@contextmanager
def timed(what: str, say: Callable[[str], None]) -> Iterator[None]:
    """Say how long something took."""
    began = time.monotonic()
    yield
    say(f"{what} in {time.monotonic() - began:.0f} s")
