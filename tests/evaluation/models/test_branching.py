"""Branching baselines: what trees they make, how often, and by what names they are known."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from sentrep.data.trees.brackets import Spans, check
from sentrep.evaluation.models.branching import (
    balanced,
    branching,
    left_branching,
    random_splits,
    random_trees,
    right_branching,
    uniform_tree,
    uniform_trees,
)
from sentrep.evaluation.models.lexical import named
from sentrep.evaluation.task import Model, Parses
from sentrep.inference.eval_adapter import measured

NAMES = [
    "left-branching",
    "right-branching",
    "right-between-marks",
    "balanced",
    "random-trees",
    "uniform-trees",
]


def _parse(model: Model, *sentences: str) -> list[Spans]:
    assert isinstance(model.implementation, Parses)
    return [
        frozenset(spans) for spans in model.implementation.parse([sentence.split() for sentence in sentences])
    ]


def _all_trees(start: int, stop: int) -> list[Spans]:
    """Every binary tree, by its definition."""
    if stop - start == 1:
        return [frozenset()]
    return [
        left | right | {(start, stop)}
        for middle in range(start + 1, stop)
        for left, right in itertools.product(_all_trees(start, middle), _all_trees(middle, stop))
    ]


def test_by_hand() -> None:
    assert left_branching(4) == {(0, 2), (0, 3), (0, 4)}
    assert right_branching(4) == {(0, 4), (1, 4), (2, 4)}
    assert balanced(4) == {(0, 4), (0, 2), (2, 4)}
    assert balanced(7) == {(0, 7), (0, 4), (0, 2), (2, 4), (4, 7), (4, 6)}


@pytest.mark.parametrize("name", NAMES)
def test_every_tree_is_binary(name: str) -> None:
    model = branching(name)
    assert model is not None
    for count in range(1, 40):
        (spans,) = _parse(model, " ".join(f"w{number}" for number in range(count)))
        check(spans, count)
        assert len(spans) == count - 1
        assert count == 1 or (0, count) in spans


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    for model in (branching(name), named(name), measured(name)):
        assert model is not None
        assert (model.name, model.method) == (name, name)
        assert isinstance(model.implementation, Parses)
    assert named(name.upper()) is branching(f"{name} ") is None


def test_each_has_a_content_of_its_own() -> None:
    models = [*map(branching, NAMES), random_trees(1), uniform_trees(1)]
    assert len({model.content_hash for model in models if model}) == len(models) == 8
    assert [model.seed for model in models if model] == [None, None, None, None, 0, 0, 1, 1]


@pytest.mark.parametrize("make", [random_trees, uniform_trees])
def test_a_random_tree_depends_on_its_sentence_and_the_seed_alone(make: Callable[[int], Model]) -> None:
    sentences = [" ".join(f"w{number}" for number in range(start, start + 12)) for start in range(6)]
    first = _parse(make(0), *sentences)
    assert _parse(make(0), *reversed(sentences)) == first[::-1]
    assert len(set(first)) == 6
    assert all(one != other for one, other in zip(_parse(make(1), *sentences), first, strict=True))


def test_uniform_trees_are_uniform() -> None:
    random, trees = np.random.default_rng(0), _all_trees(0, 5)
    drawn = Counter(uniform_tree(5, random) for _ in range(14 * 400))
    assert set(drawn) == set(trees)
    assert len(trees) == 14
    # Chi squared with 13 degrees of freedom is above 34.5 once in a thousand.
    assert sum((drawn[tree] - 400) ** 2 / 400 for tree in trees) < 34.5


def test_random_splits_are_uniform_at_each_split() -> None:
    random, trees = np.random.default_rng(0), _all_trees(0, 5)

    def chance(spans: Spans) -> float:
        return float(np.prod([1 / (stop - start - 1) for start, stop in spans]))

    assert sum(map(chance, trees)) == pytest.approx(1)
    drawn = Counter(random_splits(5, random) for _ in range(6000))
    assert sum((drawn[tree] - 6000 * chance(tree)) ** 2 / (6000 * chance(tree)) for tree in trees) < 34.5
    assert max(map(chance, trees)) > 1.9 * min(map(chance, trees)), "not all trees alike"
