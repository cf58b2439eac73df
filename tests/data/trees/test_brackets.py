"""Trees as spans: reading, leaving words out, and binary ones, by hand and against a reader of nested
brackets."""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path

import nltk
import numpy as np
import pytest

from sentrep.data.trees.brackets import (
    PUNCTUATION_TAGS,
    Bracketed,
    Constituent,
    Span,
    check,
    is_punctuation,
    legible,
    nontrivial,
    read_trees,
    reduced,
    right_binarised,
    tree_of,
)
from sentrep.evaluation.models.branching import random_splits, right_branching
from tests.errors import refuses
from tests.paths import SHARED_DATA

DATA = SHARED_DATA

CAT = "(ROOT (S (NP-SBJ (DT the) (JJ old) (NN cat)) (VP (VBD sat) (PP-LOC=2 (IN on) (NP (PRP me)))) (. .)))"


def test_words_tags_and_brackets() -> None:
    tree = tree_of(CAT)
    assert tree.words == ("the", "old", "cat", "sat", "on", "me", ".")
    assert tree.tags == ("DT", "JJ", "NN", "VBD", "IN", "PRP", ".")
    assert tree.constituents == (("NP", 0, 3), ("NP", 5, 6), ("PP", 4, 6), ("VP", 3, 6), ("S", 0, 7))
    assert tree.spans == {(0, 3), (4, 6), (3, 6)}


def test_without_the_full_stop_what_was_all_but_it_is_trivial() -> None:
    tree = tree_of("(ROOT (S (NP (PRP we)) (VP (VBP sit))) (. .))")
    assert tree.spans == {(0, 2)}
    bare = tree.only([True, True, False])
    assert bare.spans == set()
    assert bare == (("we", "sit"), ("PRP", "VBP"), (("NP", 0, 1), ("VP", 1, 2), ("S", 0, 2)))


def test_traces_are_gone_and_so_is_what_held_nothing_else() -> None:
    tree = tree_of(
        "( (S (NP-SBJ-1 (NN he)) (VP (VBD was) (VP (VBN seen) (NP (-NONE- *-1)) (SBAR (-NONE- 0) "
        "(S (-NONE- *T*)))))))"
    )
    assert tree.words == ("he", "was", "seen")
    assert tree.constituents == (("NP", 0, 1), ("VP", 2, 3), ("VP", 1, 3), ("S", 0, 3))


def test_a_unary_chain_keeps_its_labels_and_is_one_span() -> None:
    tree = tree_of("(S (NP (NN a)) (VP (VB b) (SBAR (S (VP (VB c) (NN d))))))")
    assert [each.label for each in tree.constituents if each[1:] == (2, 4)] == ["VP", "S", "SBAR"]
    assert tree.spans == {(1, 4), (2, 4)}


def test_escaped_brackets_signs_and_scripts_stay_as_they_are() -> None:
    tree = tree_of(r"(TOP (X (-LRB- -LRB-) (CD 1\/2) (-RRB- -RRB-)) (Nab 狗) (PRT|ADVP (RP up)))")
    assert tree.words == ("-LRB-", r"1\/2", "-RRB-", "狗", "up")
    assert tree.tags[0] == "-LRB-"
    assert [each.label for each in tree.constituents] == ["X", "PRT|ADVP"], "TOP is no constituent"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("(S (NP (NN a))", "1 brackets are not closed"),
        ("(S (NN a)))", r"one \) too many"),
        ("(S (NN a)) (S (NN b))", "a second tree begins"),
        ("(S (NN a) (NP ))", r"nothing in the bracket \(NP\)"),
        ("()", r"nothing in the bracket \(\)"),
        ("(S (NN a) b)", "'b' has no bracket of its own with its tag"),
        ("(S (NN a b))", "'b' has no bracket of its own with its tag"),
        ("(S a (NN b))", "a bracket opens beside the word 'a'"),
        ("(word)", r"nothing in the bracket \(word\)"),
        ("word", "'word' has no bracket"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_place(line: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "my.trees").write_text(f"{CAT}\n\n{line}\n")
    with refuses(place="my.trees:3"):
        read_trees(tmp_path / "my.trees")


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.trees.gz").write_bytes(gzip.compress(f"{CAT}\n{CAT}\n".encode()))
    assert read_trees(tmp_path / "a.trees.gz") == [tree_of(CAT)] * 2
    (tmp_path / "b.trees").write_text("\n")
    with refuses(place="b.trees"):
        read_trees(tmp_path / "b.trees")


@pytest.mark.parametrize(
    "spans", [[], [(0, 5)], [(0, 1), (1, 2)], [(0, 2), (2, 5), (3, 5), (3, 4)], [(1, 3), (0, 3), (0, 5)]]
)
def test_trees_are_let_through(spans: list[Span]) -> None:
    check(spans, 5)


@pytest.mark.parametrize("spans", [[(0, 2), (1, 3)], [(0, 4), (1, 3), (2, 4)], [(0, 6)], [(2, 2)], [(-1, 2)]])
def test_what_is_no_tree_of_the_sentence_is_not(spans: list[Span]) -> None:
    with refuses(ValueError):
        check(spans, 5)


def test_crossing_is_found_wherever_it_is() -> None:
    """Against the definition, over all sets of three spans of four words."""
    spans = [(start, stop) for start in range(4) for stop in range(start + 1, 5)]
    seen = set()
    for some in itertools.combinations(spans, 3):
        crossing = any(a[0] < b[0] < a[1] < b[1] for a, b in itertools.permutations(some, 2))
        seen.add(crossing)
        if crossing:
            with refuses(ValueError):
                check(some, 4)
        else:
            check(some, 4)
    assert seen == {True, False}


def test_binarised_to_the_right_by_hand() -> None:
    assert right_binarised([], 1) == set()
    assert right_binarised([], 4) == right_branching(4)
    # (a (b c) (d (e f g) h)): the children of a node are taken from its right end
    spans = [(1, 3), (3, 8), (4, 7)]
    assert right_binarised(spans, 8) == {(0, 8), (1, 8), (3, 8), (1, 3), (4, 8), (4, 7), (5, 7)}
    assert right_binarised([(0, 3), (0, 2), (0, 6)], 6) == {(0, 6), (0, 3), (0, 2), (3, 6), (4, 6)}


def test_a_binarised_tree_is_binary_and_keeps_what_was_there() -> None:
    random = np.random.default_rng(0)
    for count in range(2, 12):
        for _ in range(10):
            whole = random_splits(count, random)
            some = frozenset(span for span in sorted(whole) if random.random() < 0.4)
            binary = right_binarised(some, count)
            check(binary, count)
            assert len(binary) == count - 1
            assert some <= binary
            assert right_binarised(whole, count) == whole, "what is binary stays"
            assert right_binarised(nontrivial(some, count), count) == binary


def test_punctuation_by_its_signs() -> None:
    for word in (",", "...", "``", "''", "`", "-RRB-", "-lrb-".upper(), "？", "、", "«"):
        assert is_punctuation(word), word
    for word in ("%", "&", "$", "#", "a", "U.S.", "'s", "3", "=", "C$", "狗"):
        assert not is_punctuation(word), word


def test_legible() -> None:
    words = list("abcd")
    assert legible(words, [(0, 2), (0, 3)]) == "((a b) c) d"
    assert legible(words, [(1, 4), (2, 4)]) == "a (b (c d))"
    assert legible(words, []) == "a b c d"


def test_against_nested_brackets() -> None:
    for tree in _random_trees(60):
        mine, theirs = tree_of(_line(tree)), nltk.Tree.fromstring(_line(tree))
        assert mine == _bracketed(theirs)
        kept = [tag not in PUNCTUATION_TAGS for tag in mine.tags]
        bare = mine.only(kept)
        pruned = _pruned(theirs)
        assert bare == (_bracketed(pruned) if pruned else ((), (), ()))
        assert reduced(mine.spans, kept) == bare.spans
        assert reduced([each[1:] for each in mine.constituents], kept) == bare.spans


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")
@pytest.mark.parametrize(
    ("name", "count"),
    [("trees-ptb-sample/test", 245), ("trees-sinica-zh/all", 9519), ("trees-sst/dev", 1101)],
)
def test_real_trees_against_nested_brackets(name: str, count: int) -> None:
    file = DATA / f"{name}.trees"
    trees = read_trees(file)
    assert len(trees) == count
    for tree, line in list(zip(trees, file.read_text(encoding="utf-8").splitlines(), strict=True))[:300]:
        root = nltk.Tree.fromstring(line)
        assert tree == _bracketed(root)
        assert tree.only([tag not in PUNCTUATION_TAGS for tag in tree.tags]) == _bracketed(_pruned(root))


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside the working copy")
def test_raw_trees_come_out_as_the_prepared_ones() -> None:
    """Traces, function tags and brackets without labels, taken out by us and by whoever prepared the
    parts."""
    folder = DATA / "trees-ptb-sample"
    prepared = [tree for part in ("train", "dev", "test") for tree in read_trees(folder / f"{part}.trees")]
    raw = read_trees(folder / "all.raw.trees.gz")
    assert len(raw) == 3914
    assert [tree.words for tree in raw] == [tree.words for tree in prepared]
    assert [tree.tags for tree in raw] == [tree.tags for tree in prepared]
    assert [tree.spans for tree in raw] == [tree.spans for tree in prepared]


def _random_trees(count: int) -> Iterator[nltk.Tree]:
    """With punctuation, unary chains and any number of branches."""
    random = np.random.default_rng(0)

    def grown(depth: int) -> nltk.Tree:
        if depth == 0 or random.random() < 0.3:
            tag = str(random.choice(["NN", "VB", ",", "."]))
            return nltk.Tree(tag, [f"w{random.integers(9)}"])
        return nltk.Tree(
            str(random.choice(["S", "NP", "VP"])), [grown(depth - 1) for _ in range(random.integers(1, 4))]
        )

    for _ in range(count):
        yield nltk.Tree("S", [grown(4) for _ in range(random.integers(1, 4))])


def _line(tree: nltk.Tree) -> str:
    return " ".join(str(tree).split())


def _pruned(tree: nltk.Tree) -> nltk.Tree | None:
    if isinstance(tree[0], str):
        return None if tree.label() in PUNCTUATION_TAGS else tree
    children = [child for child in map(_pruned, tree) if child is not None]
    return nltk.Tree(tree.label(), children) if children else None


def _bracketed(tree: nltk.Tree | None) -> Bracketed:
    assert tree is not None
    words, tags = zip(*tree.pos(), strict=True)
    found: list[Constituent] = []

    def walk(node: nltk.Tree, start: int) -> int:
        if isinstance(node[0], str):
            return start + 1
        stop = start
        for child in node:
            stop = walk(child, stop)
        if node.label() != "ROOT":
            found.append(Constituent(node.label(), start, stop))
        return stop

    walk(tree, 0)
    return Bracketed(words, tags, tuple(found))
