"""Ids of documents that occurred, and new ones that did not."""

from __future__ import annotations

from array import array


class Ids:
    """The ids of documents that were read, 16 to 32 bytes each.

    >>> ids = Ids()
    >>> ids.add("a"), ids.add("b"), ids.add("a")
    (True, True, False)
    """

    def __init__(self) -> None:
        self._slots, self._count = array("Q", bytes(8 * 1024)), 0

    def add(self, identity: str) -> bool:
        """Add an id; whether it is new."""
        if 2 * self._count >= len(self._slots):
            self._grow()
        new = self._put(_key(identity))
        self._count += new
        return new

    def __contains__(self, identity: str) -> bool:
        slots, key = self._slots, _key(identity)
        mask = len(slots) - 1
        at = key & mask
        while slots[at] and slots[at] != key:
            at = (at + 1) & mask
        return slots[at] == key

    def _put(self, key: int) -> bool:
        slots = self._slots
        mask = len(slots) - 1
        at = key & mask
        while slots[at]:
            if slots[at] == key:
                return False
            at = (at + 1) & mask
        slots[at] = key
        return True

    def _grow(self) -> None:
        old, self._slots = self._slots, array("Q", bytes(8 * 2 * len(self._slots)))
        for key in old:
            if key:
                self._put(key)


def _key(identity: str) -> int:
    return hash(identity) & 0xFFFF_FFFF_FFFF_FFFF or 1


def unused(identity: str, ids: Ids) -> str:
    """Add to `ids` an id that is not in it yet: `identity` with a number behind it, from 2.

    It is found in a logarithmic number of steps, however often the same id was given before.

    >>> ids = Ids()
    >>> ids.add("a"), unused("a", ids), unused("a", ids)
    (True, 'a (2)', 'a (3)')
    """
    taken, free = 1, 2
    while f"{identity} ({free})" in ids:
        taken, free = free, 2 * free
    while free - taken > 1:
        middle = (taken + free) // 2
        if f"{identity} ({middle})" in ids:
            taken = middle
        else:
            free = middle
    found = f"{identity} ({free})"
    ids.add(found)
    return found
