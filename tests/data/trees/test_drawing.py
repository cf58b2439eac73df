"""Trees to look at: read back, and by hand."""

from __future__ import annotations

import xml.etree.ElementTree as XML

import nltk
import numpy as np
import pytest

from sentrep.data.trees.brackets import nontrivial, tree_of
from sentrep.data.trees.drawing import Node, as_svg, as_text, bracketed, grown
from sentrep.evaluation.models.branching import random_splits

OLD_TREE: Node = ("the", ("old", "tree"), ("fell", "down"))


def test_a_tree_grows_out_of_its_spans_and_is_read_back() -> None:
    random = np.random.default_rng(0)
    for count in range(2, 14):
        words = [f"w{place}" for place in range(count)]
        spans = [span for span in sorted(random_splits(count, random)) if random.random() < 0.7]
        tree = grown(words, spans)
        read = tree_of(bracketed(tree))
        assert read.words == tuple(words)
        assert read.spans == nontrivial(spans, count)
        assert nltk.Tree.fromstring(bracketed(tree)).leaves() == words


@pytest.mark.parametrize(
    ("spans", "tree"),
    [
        ([], ("a", "b", "c")),
        ([(0, 3)], ("a", "b", "c")),
        ([(0, 3), (0, 2), (0, 1), (0, 2)], (("a", "b"), "c")),
        ([(1, 3)], ("a", ("b", "c"))),
    ],
)
def test_by_hand(spans: list[tuple[int, int]], tree: Node) -> None:
    assert grown(["a", "b", "c"], spans) == tree


def test_one_word_and_brackets_in_words() -> None:
    assert grown(["a"], []) == "a" == as_text("a")
    assert bracketed("a") == "(X a)"
    assert bracketed(("(", "b)")) == "(X (X -LRB-) (X b-RRB-))"


def test_as_text() -> None:
    assert as_text(OLD_TREE).splitlines() == [
        "┐",
        "├ the",
        "├─┐",
        "│ ├ old",
        "│ └ tree",
        "└─┐",
        "  ├ fell",
        "  └ down",
    ]


def test_as_svg() -> None:
    root = XML.fromstring(as_svg([OLD_TREE, ("R&D", "<b>"), "alone"]))
    texts = [each for each in root if each.tag.endswith("text")]
    assert [each.text for each in texts] == ["the", "old", "tree", "fell", "down", "R&D", "<b>", "alone"]
    first = [int(each.get("x", "")) for each in texts[:5]]
    assert first == sorted(first)
    assert len({each.get("y") for each in texts[:5]}) == 1
    lines = [each for each in root if each.tag.endswith("line")]
    assert len(lines) == 3 + 2 + 2 + 2, "from each constituent to each of its parts"
    feet = {(each.get("x2"), int(each.get("y2", ""))) for each in lines}
    for text in texts[:7]:
        assert (text.get("x"), int(text.get("y", "")) - 16) in feet, "a line comes down to each word"
    width, height = int(root.get("width", "")), int(root.get("height", ""))
    assert all(
        0 <= int(text.get("x", "")) <= width and 0 <= int(text.get("y", "")) <= height for text in texts
    )
