"""Replacement of single characters by texts, in the binary form that the tokenizers library reads.

The library's `Precompiled` normalizer takes a map of sentencepiece: a double-array trie over the UTF-8 bytes
of what is replaced, and the replacements, one after the other. No other normalizer of the library can write
each character of a script several times.

Reference: Aoe, "An efficient digital search algorithm by using a double-array structure", 1989; the binary
    form is that of Yata's Darts-clone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

HAS_VALUE, IS_VALUE = 1 << 8, 1 << 31
BLOCK = 256
"""Children of a node lie within one block, so that the offset of a far block is a multiple of 256."""

Node = dict[int, "Node | int"]
"""The next byte of a key, and what follows; byte 0 leads to the place of the replacement."""


def charsmap(replacements: Mapping[str, str]) -> bytes:
    r"""The map of `normalizers.Precompiled` in which each character becomes its replacement.

    Args:
        replacements: by character; neither side may hold the character U+0000.

    >>> from tokenizers import normalizers
    >>> normalizers.Precompiled(charsmap({"狗": "狗 狗", "é": "e"})).normalize_str("狗在 é")
    '狗 狗在 e'
    """
    root: Node = {}
    texts = bytearray()
    for character in sorted(replacements):
        _node(root, character.encode())[0] = len(texts)
        texts += replacements[character].encode() + b"\0"
    units = _Units()
    units.place(root)
    return struct.pack(f"<{1 + len(units.array)}I", 4 * len(units.array), *units.array) + bytes(texts)


def _node(root: Node, key: Iterable[int]) -> Node:
    """The node of a key, which is made where it is new."""
    node = root
    for byte in key:
        child = node.setdefault(byte, {})
        assert isinstance(child, dict)
        node = child
    return node


class _Units:
    """The array. A unit holds the byte of a node and the offset to its children, or a place in the texts."""

    def __init__(self) -> None:
        self.array: list[int] = []
        self._used: list[bool] = []
        self._bases: set[int] = set()
        self._next = {False: 1, True: 1}
        """Where the search goes on for nodes with several children and with one."""
        self._grow()
        self._used[0] = True

    def place(self, node: Node, at: int = 0, byte: int = 0) -> None:
        """Lay the children of the node that stands at a place."""
        base = self._base(node)
        for label in node:
            self._used[base ^ label] = True
        self.array[at] = _offset(at ^ base) | (HAS_VALUE if 0 in node else 0) | byte
        for label, child in node.items():
            if isinstance(child, int):
                self.array[base ^ label] = IS_VALUE | child
            else:
                self.place(child, base ^ label, label)

    def _base(self, node: Node) -> int:
        """A place relative to which all children of a node are free. No two nodes have the same: a byte would
        lead from one to the children of the other."""
        base, single = self._next[len(node) == 1], len(node) == 1
        while base in self._bases or any(self._used[base ^ label] for label in node):
            base += 1
            if base == len(self._used):
                self._grow()
        self._bases.add(base)
        self._next[single] = base
        return base

    def _grow(self) -> None:
        self.array += [0] * BLOCK
        self._used += [False] * BLOCK


def _offset(distance: int) -> int:
    """How a unit holds a distance of less than 2^21."""
    assert distance < 1 << 21
    return distance << 10
