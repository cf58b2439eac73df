"""Sentences whose trees people drew, as tokens and as binary trees over them.

A tree of people has words for leaves and any number of branches; a grammar here has tokens, and two. So the
tokens of a word are put together first, and wherever there are more than two parts they are joined from the
right."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.data.trees.brackets import Bracketed, Span, read_trees, right_binarised
from sentrep.modules.padding import Texts, of_lists
from sentrep.modules.trees.crf import DONE, REDUCE, SHIFT, Trees
from sentrep.utils.errors import InputError, opt

AT_ONCE = 256
"""Trees that are made into tensors together: each takes the square of its length meanwhile."""


class Treebank(NamedTuple):
    """Sentences, and one tree of each."""

    texts: Texts
    trees: Trees
    """(sentence, 1, position), as wide as the texts."""

    def rows(self, chosen: Int[Tensor, " row"]) -> Treebank:
        """Some of them, no wider than the longest needs."""
        texts = self.texts.rows(chosen)
        start, end, lengths = (field[chosen] for field in self.trees)
        width = texts.ids.shape[1]
        return Treebank(texts, Trees(start[..., :width], end[..., :width], lengths))

    def draw(self, count: int) -> Treebank:
        """So many of them, by chance, from torch's generator; all different, as far as there are so many."""
        return self.rows(torch.randperm(len(self.texts.ids), device=self.texts.ids.device)[:count])


def read_treebank(
    path: str,
    tokenizer: Tokenizer,
    used: int | None = None,
    longest: int | None = None,
    device: torch.device | str = "cpu",
) -> Treebank:
    """Bracketed trees, one a line, perhaps packed in a .gz; the first `used` of them that are no longer than
    `longest` tokens.

    A sentence has the tokens that it would have in a corpus, its words with spaces between; a word that the
    tokenizer has no token for is gone from the tree too.

    Raises:
        InputError: a line holds no tree (file and line are named), or no sentence is left.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(
            f"{opt('trees')} {path}: no such file; give a file of bracketed trees, one on each line"
        )
    ids, actions = list[list[int]](), list[list[int]]()
    shortest = 0
    for tree in read_trees(file):
        if len(ids) == used:
            break
        tokens, spans = tokenised(tree, tokenizer)
        if longest is not None and len(tokens) > longest:
            shortest = min(len(tokens), shortest or len(tokens))
        elif tokens:
            ids.append(tokens)
            actions.append(_actions(spans, len(tokens)))
    if not ids:
        too_long = (
            f"the shortest sentence has {shortest} tokens, and {longest} are allowed"
            if shortest
            else "none has a token"
        )
        raise InputError(
            f"{opt('trees')} {path}: no tree to learn from: {too_long}; allow longer sentences, or give another file"
        )
    texts = of_lists(ids, device)
    steps = torch.full((len(ids), 2 * texts.ids.shape[1] - 1), DONE, device=device)
    for row, each in zip(steps, actions, strict=True):
        row[: len(each)] = torch.tensor(each)
    parts = [Trees.from_actions(part.unsqueeze(1)) for part in steps.split(AT_ONCE)]
    return Treebank(texts, Trees(*map(torch.cat, zip(*parts, strict=True))))


def tokenised(tree: Bracketed, tokenizer: Tokenizer) -> tuple[list[int], list[Span]]:
    """The tokens of a sentence, and its constituents as spans of those; marks that a tokenizer puts around
    are beside the tree."""
    ids, word_of = read_words(tree.words, tokenizer)
    inside = [word for word in word_of if word is not None]
    first = next((place for place, word in enumerate(word_of) if word is not None), len(ids))
    first_of = [first + bisect.bisect_left(inside, word) for word in range(len(tree.words) + 1)]
    spans = [(each.start, each.stop) for each in tree.constituents] + [
        (word, word + 1) for word in range(len(tree.words))
    ]
    moved = ((first_of[start], first_of[stop]) for start, stop in spans)
    return ids, [span for span in moved if span[1] - span[0] > 1]


def read_words(words: Sequence[str], tokenizer: Tokenizer) -> tuple[list[int], list[int | None]]:
    """The tokens of a sentence, its words with spaces between, and for each the word that it is of; marks are
    of none."""
    encoding = tokenizer.inner.encode(" ".join(words))
    begins = [0, *itertools.accumulate(len(word) + 1 for word in words)]
    # By the last character of a token: the first may be the space before its word.
    places = [bisect.bisect(begins, stop - 1) - 1 for _, stop in encoding.offsets]
    return list(encoding.ids), [
        None if mark else word for word, mark in zip(places, encoding.special_tokens_mask, strict=True)
    ]


def _actions(spans: Sequence[Span], count: int) -> list[int]:
    """What a stack machine does to build the binary tree of a sentence."""
    ends = [stop - 1 for _, stop in right_binarised(spans, count)]
    return [action for token in range(count) for action in (SHIFT, *[REDUCE] * ends.count(token))]
