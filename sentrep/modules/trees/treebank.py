"""Treebanks: sentences with annotated trees, as tokens and as binary trees over the tokens.

An annotated tree has words as leaves and constituents of any number of parts; the parsers here need tokens
and two parts. So the tokens of a word are joined first, and constituents of more than two parts are binarised
to the right.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.data.trees.brackets import Bracketed, Span, read_trees, right_binarised
from sentrep.modules.padding import Texts, pad_lists
from sentrep.modules.trees.binary_trees import DONE, REDUCE, SHIFT, Trees
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded

TREES_AT_ONCE = 256
"""Trees that are converted to tensors together: each needs the square of its length in memory meanwhile."""


class Treebank(NamedTuple):
    """Sentences, and one tree of each."""

    texts: Texts
    trees: Trees
    """(sentence, 1, position), as wide as the texts."""

    def select(self, chosen: Int[Tensor, " row"]) -> Treebank:
        """Returns the chosen sentences, padded to the longest of these."""
        texts = self.texts.select(chosen)
        start, end, lengths = (field[chosen] for field in self.trees)
        width = texts.ids.shape[1]
        return Treebank(texts, Trees(start[..., :width], end[..., :width], lengths))

    def sample(self, count: int) -> Treebank:
        """Draws `count` different sentences, or all in random order if there are fewer."""
        return self.select(torch.randperm(len(self.texts.ids), device=self.texts.ids.device)[:count])


def read_treebank(
    path: str,
    tokenizer: Tokenizer,
    max_trees: int | None = None,
    max_tokens: int | None = None,
    device: torch.device | str = "cpu",
) -> Treebank:
    """Reads bracketed trees, one on each line; the file may be packed as .gz.

    A sentence has the tokens that it would have in a corpus: its words with spaces between them. A word
    without a token is removed from the tree, too.

    Args:
        path: file of bracketed trees.
        tokenizer: makes tokens of the sentences.
        max_trees: number of trees that are used, from the first on; all if None.
        max_tokens: longer sentences are left out.
        device: where the tensors are.

    Raises:
        InputError: the file is missing, a line holds no tree, or no sentence is left.
    """
    file = expanded(path)
    if not file.is_file():
        raise InputError(
            f"{opt('trees')} {at(path)}: no such file; give a file of bracketed trees, one on each line"
        )
    ids, actions, too_long = list[list[int]](), list[list[int]](), list[int]()
    for tree in read_trees(file):
        if len(ids) == max_trees:
            break
        tokens, spans = tokenised(tree, tokenizer)
        if max_tokens is not None and len(tokens) > max_tokens:
            too_long.append(len(tokens))
        elif tokens:
            ids.append(tokens)
            actions.append(_actions(spans, len(tokens)))
    if not ids:
        raise InputError(f"{opt('trees')} {at(path)}: no tree to learn from: {_reason(too_long, max_tokens)}")
    texts = pad_lists(ids, device)
    return Treebank(texts, _trees(actions, texts.ids.shape[1], device))


def tokenised(tree: Bracketed, tokenizer: Tokenizer) -> tuple[list[int], list[Span]]:
    """Returns the tokens of a sentence and its constituents as spans of tokens.

    Special tokens around the sentence are part of no constituent.
    """
    ids, word_of = read_words(tree.words, tokenizer)
    inside = [word for word in word_of if word is not None]
    first = next((place for place, word in enumerate(word_of) if word is not None), len(ids))
    first_of = [first + bisect.bisect_left(inside, word) for word in range(len(tree.words) + 1)]
    words = [(word, word + 1) for word in range(len(tree.words))]
    spans = [(each.start, each.stop) for each in tree.constituents] + words
    moved = ((first_of[start], first_of[stop]) for start, stop in spans)
    return ids, [span for span in moved if span[1] - span[0] > 1]


def read_words(words: Sequence[str], tokenizer: Tokenizer) -> tuple[list[int], list[int | None]]:
    """Returns the tokens of a sentence, and for each the index of its word; None for special tokens."""
    encoding = tokenizer.inner.encode(" ".join(words))
    begins = [0, *itertools.accumulate(len(word) + 1 for word in words)]
    # The last character of a token decides: the first may be the space before its word.
    places = [bisect.bisect(begins, stop - 1) - 1 for _, stop in encoding.offsets]
    return list(encoding.ids), [
        None if special else word for word, special in zip(places, encoding.special_tokens_mask, strict=True)
    ]


def _actions(spans: Sequence[Span], count: int) -> list[int]:
    """Returns the shift-reduce actions that build the binary tree of a sentence."""
    ends = [stop - 1 for _, stop in right_binarised(spans, count)]
    return [action for token in range(count) for action in (SHIFT, *[REDUCE] * ends.count(token))]


def _trees(actions: Sequence[Sequence[int]], width: int, device: torch.device | str) -> Trees:
    steps = torch.full((len(actions), 2 * width - 1), DONE, device=device)
    for row, each in zip(steps, actions, strict=True):
        row[: len(each)] = torch.tensor(each)
    parts = [Trees.from_actions(part.unsqueeze(1)) for part in steps.split(TREES_AT_ONCE)]
    return Trees(*map(torch.cat, zip(*parts, strict=True)))


def _reason(too_long: Sequence[int], max_tokens: int | None) -> str:
    """Says why no sentence is left, and what to do."""
    if not too_long:
        return "no sentence has a token; give another file"
    return (
        f"the shortest sentence has {min(too_long)} tokens, and {max_tokens} are allowed; allow longer "
        "sentences, or give another file"
    )
