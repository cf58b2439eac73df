"""Weights and temperatures that change during a run: of a KL term, of a prior, of a reward, of samples."""

from __future__ import annotations


def linear(progress: float, begin: float, end: float, first: float = 0.0, last: float = 1.0) -> float:
    """Moves from `first` at `begin` to `last` at `end`; constant before and after.

    Args:
        progress: how much of the run is done, 0 to 1.
        begin: where the change begins, 0 to 1.
        end: where it is finished; `last` holds from `begin` on if it is not later.
        first: value before.
        last: value afterwards.

    >>> [linear(progress, 0.0, 0.5) for progress in (0.0, 0.25, 0.5, 1.0)]
    [0.0, 0.5, 1.0, 1.0]
    """
    done = (progress - begin) / (end - begin) if end > begin else float(progress >= begin)
    return first + (last - first) * min(1.0, max(0.0, done))


def exponential(progress: float, first: float, last: float) -> float:
    """Moves exponentially from `first` at the beginning of the run to `last` at its end.

    >>> exponential(0.0, 1.0, 0.25), exponential(0.5, 1.0, 0.25), exponential(1.0, 1.0, 0.25)
    (1.0, 0.5, 0.25)
    """
    done = min(1.0, max(0.0, progress))
    return float(first * (last / first) ** done)
