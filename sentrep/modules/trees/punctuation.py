"""Punctuation as what it was made for: it stands between constituents, so none of them begins on one side of
a mark and ends on the other, unless it takes in whole what lies between marks.

Right branching within such stretches agrees with the trees of the Penn Treebank in half of their
constituents, right branching of whole sentences in four of ten. "Punctuation: making a point in unsupervised
dependency parsing", Spitkovsky, Alshawi & Jurafsky, CoNLL 2011, has constraints of this kind."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.data.trees.brackets import is_punctuation
from sentrep.modules.trees.crf import TreeCRF, Trees


def marks_of(tokenizer: Tokenizer, vocab: int) -> Bool[Tensor, " vocab"]:
    """Which tokens are punctuation."""
    tokens = [(tokenizer.inner.id_to_token(number) or "").lstrip("▁") for number in range(vocab)]
    return torch.tensor([bool(token) and is_punctuation(token.upper()) for token in tokens])


def crossing(
    ids: Int[Tensor, "sentence position"],
    alive: Bool[Tensor, "sentence position"],
    marks: Bool[Tensor, " vocab"],
) -> Bool[Tensor, "sentence position position"]:
    """Spans, from their first token to their last, that hold a mark and part of a stretch between marks.

    A sentence always has trees without such spans.
    """
    mark = marks[ids] & alive
    last = alive & ~F.pad(alive[:, 1:], (0, 1))
    begins = mark | F.pad(mark[:, :-1], (1, 0))
    begins[:, :1] = True
    ends = mark | F.pad(mark[:, 1:], (0, 1)) | last
    upto = mark.long().cumsum(1)
    held = (
        upto.unsqueeze(1) - upto.unsqueeze(2) + mark.long().unsqueeze(2)
    )  # marks from the first token to the last
    return (held > 0) & ~(begins.unsqueeze(2) & ends.unsqueeze(1))


class Between(NamedTuple):
    """The words of sentences without their punctuation, which is known by what it forbids."""

    ids: Int[Tensor, " word"]
    """Sentence after sentence."""
    lengths: Int[Tensor, " sentence"]
    """Words of each sentence."""
    forbidden: Bool[Tensor, "sentence word_place word_place"]
    """Spans of words that do not respect punctuation."""
    place: Int[Tensor, "sentence word_place"]
    """Where each word stands among all tokens."""
    crossed: Bool[Tensor, "sentence position position"]
    """Spans of tokens that do not respect it."""
    whole: Int[Tensor, " sentence"]
    """Tokens of each sentence."""

    def trees(self, worth: Float[Tensor, "sentence word_place word_place"]) -> Trees:
        """Of each sentence the tree over all tokens, (sentence, 1, position), whose spans of words are worth
        the most. A mark stands wherever it forbids nothing.

        Where a span is worth its probability, it is the tree with the most spans that are expected to be
        right: "Parsing algorithms and metrics", Goodman, ACL 1996, the labelled recall algorithm, without
        labels."""
        rows, columns = self.place.unsqueeze(2), self.place.unsqueeze(1)
        there = torch.arange(self.place.shape[1], device=worth.device) < self.lengths.unsqueeze(1)
        size = self.crossed.shape[1]
        moved = (rows * size + columns).flatten(1)
        known = worth.where(there.unsqueeze(1) & there.unsqueeze(2), 0).flatten(1)
        scores = known.new_zeros(len(known), size * size).scatter_add(1, moved, known).view(-1, size, size)
        return TreeCRF(scores - size * self.crossed.to(scores.dtype), self.whole).viterbi()


def between_marks(
    ids: Int[Tensor, "sentence position"],
    alive: Bool[Tensor, "sentence position"],
    marks: Bool[Tensor, " vocab"],
) -> Between:
    """Sentences without their marks."""
    kept, crossed = alive & ~marks[ids], crossing(ids, alive, marks)
    lengths = kept.sum(1)
    longest = int(lengths.max()) if len(lengths) else 0
    place = kept.long().argsort(dim=1, descending=True, stable=True)[:, :longest]
    forbidden = crossed.gather(1, place.unsqueeze(2).expand(-1, -1, crossed.shape[2]))
    forbidden = forbidden.gather(2, place.unsqueeze(1).expand(-1, longest, -1))
    return Between(ids[kept], lengths, forbidden, place, crossed, alive.sum(1))
