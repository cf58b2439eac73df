"""A uniform sample of a stream of unknown length."""

from __future__ import annotations

import random
from typing import Generic, TypeVar

T = TypeVar("T")


class Reservoir(Generic[T]):
    """A uniform sample of a stream of unknown length (Vitter 1985, algorithm R).

    >>> reservoir = Reservoir[int](3, seed=0)
    >>> for number in range(100):
    ...     reservoir.offer(number)
    >>> len(reservoir.drawn())
    3
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seen = size, 0
        self.random, self.kept = random.Random(seed), list[T]()

    def offer(self, item: T) -> None:
        """Keep the item with the probability that makes the sample uniform."""
        self.seen += 1
        if len(self.kept) < self.size:
            self.kept.append(item)
            return
        place = self.random.randrange(self.seen)
        if place < self.size:
            self.kept[place] = item

    def drawn(self) -> list[T]:
        """The sample, in random order."""
        shuffled = list(self.kept)
        self.random.shuffle(shuffled)
        return shuffled
