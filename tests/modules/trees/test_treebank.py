"""Treebanks as tokens and binary trees: by hand, and against joining nested lists."""

from __future__ import annotations

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer as Inner
from tokenizers import models, pre_tokenizers, processors

from sentrep.data.config import TokenizerConfig
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.modules.trees.treebank import Treebank, read_treebank
from tests.errors import refuses
from tests.nested_trees import Nested, nested

CAT = "(ROOT (S (NP (DT the) (JJ old) (NN cat)) (VP (VBD sat) (PP (IN on) (NP (PRP me)))) (. .)))"
GO = "(S (VP (VB go) (ADVP (RB now))) (. !))"
LINES = ["the old cat sat on me .", "go now !", "don't sit on the cat"] * 3


def by_spaces(marks: bool = False) -> Tokenizer:
    words = ["[UNK]", "[CLS]", "[SEP]", *sorted({word for line in LINES for word in line.split()})]
    inner = Inner(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if marks:
        inner.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
        )
    return Tokenizer(inner)


def shown(bank: Treebank, tokenizer: Tokenizer) -> list[Nested[str]]:
    """Each tree for people."""
    trees: list[Nested[str]] = []
    for ids, length, actions in zip(
        bank.texts.ids, bank.texts.lengths, bank.trees.actions()[:, 0], strict=True
    ):
        trees.append(
            nested(actions.tolist(), [str(tokenizer.inner.id_to_token(int(token))) for token in ids[:length]])
        )
    return trees


def write(path: Path, *lines: str) -> str:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_children_are_joined_from_the_right(tmp_path: Path) -> None:
    bank = read_treebank(write(tmp_path / "my.trees", CAT, GO), by_spaces())
    assert shown(bank, by_spaces()) == [
        (("the", ("old", "cat")), (("sat", ("on", "me")), ".")),
        (("go", "now"), "!"),
    ]
    assert bank.trees.start.shape == (2, 1, 7)
    assert bank.texts.lengths.tolist() == [7, 3] == bank.trees.lengths[:, 0].tolist()


def test_tokens_are_those_of_the_corpus_and_a_word_of_several_is_put_together_first(tmp_path: Path) -> None:
    for kind in ("word", "bpe", "unigram"):
        tokenizer = Tokenizer.train(LINES, TokenizerConfig(kind, vocab=40))
        line = "(S (VP (VBP don't) (VP (VB sit) (PP (IN on) (NP (NN cat))))))"
        bank = read_treebank(write(tmp_path / "my.trees", line), tokenizer)
        row = tokenizer.encode("don't sit on cat")
        assert bank.texts.ids[0].tolist() == row
        spans = bank.trees.span_mask()[0, 0]
        begins = [0] + [
            len(tokenizer.encode(" ".join(["don't", "sit", "on"][:count]))) for count in (1, 2, 3)
        ]
        assert begins[1] > 1
        for start, stop in [
            (0, begins[1]),
            (begins[1], len(row)),
            (begins[2], len(row)),
            (begins[3], len(row)),
        ]:
            assert spans[start, stop - 1], (kind, start, stop)
        assert all(spans[start, begins[1] - 1] for start in range(begins[1])), "from the right"


def test_marks_of_a_tokenizer_stand_beside_the_tree(tmp_path: Path) -> None:
    tokenizer = by_spaces(marks=True)
    bank = read_treebank(write(tmp_path / "my.trees", GO), tokenizer)
    assert shown(bank, tokenizer) == [("[CLS]", ((("go", "now"), "!"), "[SEP]"))]


def test_against_nested_lists(tmp_path: Path) -> None:
    dice = random.Random(0)

    def grown(depth: int) -> tuple[str, Nested[str]]:
        """A bracketed node, and its binary tree; a chain of single children is one node."""
        if depth == 0 or dice.random() < 0.3:
            word = dice.choice(["the", "old", "cat", "sat", "on", "me"])
            return f"(T {word})", word
        parts = [grown(depth - 1) for _ in range(dice.randint(1, 4))]
        tree = parts[-1][1]
        for _, left in reversed(parts[:-1]):
            tree = (left, tree)
        return f"(X {' '.join(line for line, _ in parts)})", tree

    made = [grown(4) for _ in range(40)]
    bank = read_treebank(write(tmp_path / "my.trees", *(line for line, _ in made)), by_spaces())
    assert shown(bank, by_spaces()) == [tree for _, tree in made]
    assert shown(bank.select(torch.tensor([7, 3])), by_spaces()) == [made[7][1], made[3][1]]
    drawn = shown(bank.sample(5), by_spaces())
    assert len(drawn) == 5
    assert all(tree in [each for _, each in made] for tree in drawn)


def test_the_first_so_many_that_are_short_enough(tmp_path: Path) -> None:
    file = write(tmp_path / "my.trees", CAT, GO, CAT, GO)
    assert read_treebank(file, by_spaces(), max_trees=2).texts.lengths.tolist() == [7, 3]
    assert read_treebank(file, by_spaces(), max_tokens=6).texts.lengths.tolist() == [3, 3]
    assert read_treebank(file, by_spaces(), max_trees=1, max_tokens=6).texts.lengths.tolist() == [3]


def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    with refuses(setting="trees", place="none.trees"):
        read_treebank(str(tmp_path / "none.trees"), by_spaces())
    with refuses(place="my.trees:2"):
        read_treebank(write(tmp_path / "my.trees", GO, "(S (NN a)"), by_spaces())
    with refuses(setting="trees", place="my.trees"):
        read_treebank(write(tmp_path / "my.trees", GO, CAT), by_spaces(), max_tokens=2)
