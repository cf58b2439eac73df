"""Punctuation as a constraint on trees: no constituent begins on one side of a punctuation mark and ends on
the other, unless it contains whole stretches between marks.

Right branching within such stretches agrees with the Penn Treebank in half of the constituents; right
branching of whole sentences agrees in four of ten.

Reference:
    "Punctuation: making a point in unsupervised dependency parsing", Spitkovsky, Alshawi & Jurafsky,
    CoNLL 2011, has constraints of this kind.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.data.trees.brackets import is_punctuation
from sentrep.modules.trees.binary_trees import Trees
from sentrep.modules.trees.crf import TreeCRF


def punctuation_mask(tokenizer: Tokenizer, vocab: int) -> Bool[Tensor, " vocab"]:
    """Returns which tokens of a vocabulary are punctuation."""
    tokens = [(tokenizer.inner.id_to_token(number) or "").lstrip("▁") for number in range(vocab)]
    return torch.tensor([bool(token) and is_punctuation(token.upper()) for token in tokens])


def crossing_spans(
    ids: Int[Tensor, "sentence position"],
    mask: Bool[Tensor, "sentence position"],
    punctuation: Bool[Tensor, " vocab"],
) -> Bool[Tensor, "sentence position position"]:
    """Returns the spans that contain a punctuation mark and only a part of a stretch between marks.

    A sentence always has trees without such spans.

    Args:
        ids: token ids of the sentences.
        mask: True at tokens.
        punctuation: which tokens are punctuation.

    Returns:
        [i, j] is True if the span from token i to token j crosses punctuation.
    """
    mark = punctuation[ids] & mask
    last = mask & ~F.pad(mask[:, 1:], (0, 1))
    begins = mark | F.pad(mark[:, :-1], (1, 0))
    begins[:, :1] = True
    ends = mark | F.pad(mark[:, 1:], (0, 1)) | last
    count = mark.long().cumsum(1)
    marks_inside = count.unsqueeze(1) - count.unsqueeze(2) + mark.long().unsqueeze(2)
    return (marks_inside > 0) & ~(begins.unsqueeze(2) & ends.unsqueeze(1))


class WordsOnly(NamedTuple):
    """The words of sentences without punctuation, and the spans that punctuation forbids."""

    ids: Int[Tensor, " word"]
    """Word ids, one sentence after the other."""
    lengths: Int[Tensor, " sentence"]
    """Words of each sentence."""
    forbidden: Bool[Tensor, "sentence word_place word_place"]
    """Spans of words that cross punctuation."""
    place: Int[Tensor, "sentence word_place"]
    """Position of each word among all tokens."""
    crossed: Bool[Tensor, "sentence position position"]
    """Spans of tokens that cross punctuation."""
    token_lengths: Int[Tensor, " sentence"]
    """Tokens of each sentence, punctuation included."""

    def trees(self, scores: Float[Tensor, "sentence word_place word_place"]) -> Trees:
        """Returns the tree over all tokens whose spans of words have the largest total score.

        Punctuation is attached wherever it crosses no constituent. If the scores are probabilities of spans,
        this is the tree with the largest expected number of correct spans.

        Reference:
            "Parsing algorithms and metrics", Goodman, ACL 1996, the labelled recall algorithm, unlabelled.

        Returns:
            Trees (sentence, 1, position).
        """
        rows, columns = self.place.unsqueeze(2), self.place.unsqueeze(1)
        there = torch.arange(self.place.shape[1], device=scores.device) < self.lengths.unsqueeze(1)
        size = self.crossed.shape[1]
        index = (rows * size + columns).flatten(1)
        known = scores.where(there.unsqueeze(1) & there.unsqueeze(2), 0).flatten(1)
        table = known.new_zeros(len(known), size * size).scatter_add(1, index, known).view(-1, size, size)
        return TreeCRF(table - size * self.crossed.to(table.dtype), self.token_lengths).viterbi()


def remove_punctuation(
    ids: Int[Tensor, "sentence position"],
    mask: Bool[Tensor, "sentence position"],
    punctuation: Bool[Tensor, " vocab"],
) -> WordsOnly:
    """Removes punctuation from sentences; see `crossing_spans` for the arguments."""
    kept, crossed = mask & ~punctuation[ids], crossing_spans(ids, mask, punctuation)
    lengths = kept.sum(1)
    longest = int(lengths.max()) if len(lengths) else 0
    place = kept.long().argsort(dim=1, descending=True, stable=True)[:, :longest]
    forbidden = crossed.gather(1, place.unsqueeze(2).expand(-1, -1, crossed.shape[2]))
    forbidden = forbidden.gather(2, place.unsqueeze(1).expand(-1, longest, -1))
    return WordsOnly(ids[kept], lengths, forbidden, place, crossed, mask.sum(1))
