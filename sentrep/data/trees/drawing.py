"""Drawings of trees of words: as nested tuples, in brackets, as text, as SVG."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from html import escape
from typing import TypeAlias

from sentrep.data.trees.brackets import Span

Node: TypeAlias = "str | tuple[Node, ...]"
"""A word, or the parts of a constituent."""

LETTER, LEVEL, GAP = 9, 28, 24
"""Sizes in an SVG, in its units: width of a letter, height of a level, distance between trees."""


def grown(words: Sequence[str], spans: Collection[Span]) -> Node:
    """Returns the tree of a sentence of one word or more. Spans must not cross; words in no span are
    children of the root.

    >>> grown("the cat sat down".split(), [(0, 2), (2, 4)])
    (('the', 'cat'), ('sat', 'down'))
    """
    ends: dict[int, list[int]] = {}
    for start, stop in sorted({span for span in spans if span[1] - span[0] > 1} - {(0, len(words))}):
        ends.setdefault(start, []).append(stop)  # the longest last

    def node(start: int, stop: int) -> Node:
        parts, at = list[Node](), start
        while at < stop:
            end = ends[at].pop() if ends.get(at) else at + 1
            parts.append(node(at, end) if end - at > 1 else words[at])
            at = end
        return tuple(parts)

    return node(0, len(words)) if len(words) > 1 else words[0]


def bracketed(tree: Node, label: str = "X") -> str:
    """Returns the tree on one line in the format of treebanks; `data.trees.brackets.read_trees` and NLTK
    read it.

    >>> bracketed(("the", ("old", "tree")))
    '(X (X the) (X (X old) (X tree)))'
    """
    inside = (
        tree.replace("(", "-LRB-").replace(")", "-RRB-")
        if isinstance(tree, str)
        else " ".join(bracketed(part, label) for part in tree)
    )
    return f"({label} {inside})"


def as_text(tree: Node) -> str:
    """One word on each line.

    >>> print(as_text(("the", ("old", "tree"))))
    ┐
    ├ the
    └─┐
      ├ old
      └ tree
    """
    return tree if isinstance(tree, str) else "\n".join(_lines(tree))


def _lines(tree: tuple[Node, ...]) -> Iterator[str]:
    yield "┐"
    for place, part in enumerate(tree):
        corner, beside = ("└", "  ") if place == len(tree) - 1 else ("├", "│ ")
        if isinstance(part, str):
            yield f"{corner} {part}"
        else:
            head, *rest = _lines(part)
            yield f"{corner}─{head}"
            yield from (beside + line for line in rest)


def as_svg(trees: Sequence[Node]) -> str:
    """Returns one drawing of all trees, one below the other, with the words of a tree on one level."""
    shapes, top, widest = list[str](), GAP, 0
    for tree in trees:
        leaves = _leaves(tree)
        depth = _depth(tree)
        middles, left = [], GAP
        for word in leaves:
            room = LETTER * (len(word) + 1)
            middles.append(left + room // 2)
            left += room
        waiting = iter(zip(leaves, middles, strict=True))
        _draw(tree, top, top + LEVEL * depth, waiting, shapes)
        top, widest = top + LEVEL * depth + GAP + LEVEL, max(widest, left + GAP)
    style = 'font-family="sans-serif" font-size="14" text-anchor="middle" stroke-width="1.2"'
    size = f'width="{widest}" height="{top}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {widest} {top}" {style}>'
    return "\n".join([head, f'<rect {size} fill="white"/>', *shapes, "</svg>"])


def _draw(tree: Node, top: int, floor: int, words: Iterator[tuple[str, int]], shapes: list[str]) -> int:
    """Adds the shapes of a tree; returns the horizontal position of its root."""
    if isinstance(tree, str):
        word, middle = next(words)
        shapes.append(f'<text x="{middle}" y="{floor + 16}">{escape(word)}</text>')
        return middle
    tops = [
        (_draw(part, top + LEVEL, floor, words, shapes), floor if isinstance(part, str) else top + LEVEL)
        for part in tree
    ]
    middle = (tops[0][0] + tops[-1][0]) // 2
    shapes += [f'<line x1="{middle}" y1="{top}" x2="{x}" y2="{y}" stroke="#555"/>' for x, y in tops]
    return middle


def _leaves(tree: Node) -> list[str]:
    return [tree] if isinstance(tree, str) else [leaf for part in tree for leaf in _leaves(part)]


def _depth(tree: Node) -> int:
    return 0 if isinstance(tree, str) else 1 + max(map(_depth, tree))
