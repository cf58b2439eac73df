"""Baselines for parsing: trees that do not depend on the words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sentrep.data.trees.brackets import Span, Spans, is_punctuation
from sentrep.evaluation.result import fingerprint
from sentrep.evaluation.task import Model

Branch = Callable[[Sequence[str]], Spans]
"""Words of a sentence -> the spans of its tree."""


def branching(name: str) -> Model | None:
    """The baseline 'left-branching', 'right-branching', 'right-between-marks', 'balanced', 'random-trees' or
    'uniform-trees'; None for any other name.

    >>> sorted(branching("right-branching").implementation.parse(["she reads books".split()])[0])
    [(0, 3), (1, 3)]
    """
    made: dict[str, Callable[[], Model]] = {
        "left-branching": lambda: _model("left-branching", lambda words: left_branching(len(words))),
        "right-branching": lambda: _model("right-branching", lambda words: right_branching(len(words))),
        "right-between-marks": lambda: _model("right-between-marks", right_between_marks),
        "balanced": lambda: _model("balanced", lambda words: balanced(len(words))),
        "random-trees": random_trees,
        "uniform-trees": uniform_trees,
    }
    return made[name]() if name in made else None


def random_trees(seed: int = 0) -> Model:
    """From the top, each split with equal probability at every place; its tree depends on the sentence alone.

    To join neighbours at random until one is left gives the same trees as often.
    """
    return _model("random-trees", lambda words: random_splits(len(words), _generator(words, seed)), seed)


def uniform_trees(seed: int = 0) -> Model:
    """Every binary tree of the sentence with equal probability; its tree depends on the sentence alone."""
    return _model("uniform-trees", lambda words: uniform_tree(len(words), _generator(words, seed)), seed)


class Branching:
    """A parser that is a function of one sentence."""

    def __init__(self, branch: Branch) -> None:
        self.branch = branch

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[Spans]:
        """The spans of a binary tree for each sentence."""
        return [self.branch(words) for words in sentences]


def left_branching(count: int) -> Spans:
    """Every beginning of a sentence of `count` words, from two words on."""
    return frozenset((0, stop) for stop in range(2, count + 1))


def right_branching(count: int) -> Spans:
    """Every end of a sentence of `count` words, from two words on."""
    return frozenset((start, count) for start in range(count - 1))


def right_between_marks(words: Sequence[str]) -> Spans:
    """What lies between punctuation marks branches to the right, and so do these stretches, each with the
    marks behind it.

    >>> sorted(right_between_marks("if it rains , we stay .".split()))
    [(0, 3), (0, 4), (0, 7), (1, 3), (4, 6), (4, 7)]
    """
    marks = [is_punctuation(word) for word in words]
    spans, start = set[Span](), 0
    while start < len(words):
        stop = next((place for place in range(start, len(words)) if marks[place]), len(words))
        spans |= {(place, stop) for place in range(start, stop - 1)}
        spans.add((start, len(words)))
        behind = next((place for place in range(stop, len(words)) if not marks[place]), len(words))
        spans |= {(start, place) for place in range(stop + 1, behind + 1)}
        start = behind
    return frozenset(span for span in spans if span[1] - span[0] > 1)


def balanced(count: int) -> Spans:
    """Halves of halves; of an odd number of words the left half has one more."""
    return _split(count, lambda width: (width + 1) // 2)


def random_splits(count: int, random: np.random.Generator) -> Spans:
    """A tree in which each place to split a constituent is equally likely."""
    return _split(count, lambda width: int(random.integers(1, width)))


def uniform_tree(count: int, random: np.random.Generator) -> Spans:
    """One of all binary trees, each equally likely.

    A tree is a sequence of `count` shifts (+1) and `count` - 1 reductions (-1) in which all sums from the
    start are positive. Any sequence of these has exactly one rotation like that (Dvoretzky and Motzkin 1947),
    behind the last of its lowest sums."""
    steps = random.permutation(np.repeat([1, -1], [count, count - 1]))
    lowest = len(steps) - int(np.argmin(np.cumsum(steps)[::-1]))
    spans: list[Span] = []
    stack: list[Span] = []
    words = 0
    for step in np.roll(steps, -lowest).tolist():
        if step > 0:
            stack.append((words, words + 1))
            words += 1
        else:
            (_, stop), (start, _) = stack.pop(), stack.pop()
            stack.append((start, stop))
            spans.append((start, stop))
    return frozenset(spans)


def _model(name: str, branch: Branch, seed: int | None = None) -> Model:
    return Model(name, fingerprint(["branching", name, str(seed)]), Branching(branch), name, seed)


def _generator(words: Sequence[str], seed: int) -> np.random.Generator:
    return np.random.default_rng(int(fingerprint([str(seed), *words]), 16))


def _split(count: int, left: Callable[[int], int]) -> Spans:
    """The tree in which a span of a width has so many words on its left side."""
    spans: list[Span] = []
    waiting = [(0, count)]
    while waiting:
        start, stop = waiting.pop()
        if stop - start > 1:
            spans.append((start, stop))
            middle = start + left(stop - start)
            waiting += [(start, middle), (middle, stop)]
    return frozenset(spans)
