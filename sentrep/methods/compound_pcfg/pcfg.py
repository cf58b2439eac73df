"""A probabilistic context-free grammar over the binary trees of a sentence, with rules of low rank.

    S → A          A → B C          T → w                      B, C: nonterminals, or preterminals T, which alone give words
    p(A → B C) = Σ_r p(r | A) p(B | r) p(C | r)

"PCFGs can do better: inducing probabilistic context-free grammars with many symbols", Yang, Zhao & Tu, NAACL
2021, section 3. Of the two parts of a span, all that counts is what they are to each r; so N symbols cost N
for a span, not N³:

    inside_ij(A) = Σ_r p(r | A) Σ_k left_ik(r) right_{k+1,j}(r)      left_ik(r) = Σ_B p(B | r) inside_ik(B), and right likewise

and all but that sum over splits is a matrix product. A sentence may lean towards some r more than others do.

Spans of one width of all sentences are worked on together, one after the other, without padding: from one
width to the next every sentence has one span less, and is gone after its last. Each span has a unit of its
own, its logarithm kept apart, so nothing under- or overflows. In the likelihood units cancel, so they are
constants to its gradient; and of the gradient are made the probabilities of spans ("Inside-outside and
forward-backward algorithms are just backprop", Eisner, 2016)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

LEAST = 1e-30
"""What is divided by, or has its logarithm taken, is not less. It was the sum of numbers the largest of which
is about 1."""
SHARE = 1e-15
"""Likewise where the square of its inverse, a slope, must be a number too: what `Rules.lean` leaves of a
row."""


class Rules(NamedTuple):
    """All rules but those that give words. A symbol is a nonterminal or, numbered after those, a
    preterminal."""

    root: Float[Tensor, "sentence nonterminal"]
    """p(S → A), for each sentence."""
    rank: Float[Tensor, "nonterminal rank"]
    """p(r | A); with `lean`, numbers in proportion to it."""
    left: Float[Tensor, "symbol rank"]
    """p(B | r): columns have the sum 1."""
    right: Float[Tensor, "symbol rank"]
    """p(C | r)."""
    lean: Float[Tensor, "sentence rank"] | None = None
    """What each sentence multiplies p(r | A) by, before that is given the sum 1 again; the largest of a row
    about 1."""


Forbidden = Bool[Tensor, "sentence position position"]
"""Spans, from their first token to their last, that are no constituents."""


def log_likelihood(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None = None,
) -> Float[Tensor, " sentence"]:
    """log p(x) of each sentence in nats, over all its trees without a forbidden span: with some, less than
    p(x).

    Args:
        rules: of the sentences.
        words: log p(T → w) for each token, sentence after sentence.
        lengths: tokens of each sentence. No rule gives less than two: of a shorter one the result is 0.
    """
    return _inside(rules, words, lengths, forbidden)[0]


def marginals(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None = None,
) -> Float[Tensor, "sentence position position"]:
    """Probability of each span from its first token to its last, whatever its symbol, without gradient; 0 for
    single tokens."""
    with torch.enable_grad():
        likelihood, spans = _inside(rules, words.detach().requires_grad_(), lengths, forbidden)
        slopes = torch.autograd.grad(likelihood.sum(), spans) if spans else ()
    longest = int(lengths.max()) if len(lengths) else 0
    found = words.new_zeros(len(lengths), longest, longest)
    for wider, (values, slope) in enumerate(zip(spans, slopes, strict=True), start=1):
        sentence, start = _ragged(lengths - wider)
        found[sentence, start, start + wider] = (values * slope).sum(1).detach()
    return found


def _inside(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None,
) -> tuple[Float[Tensor, " sentence"], list[Float[Tensor, "_span nonterminal"]]]:
    """Log-likelihoods; and by width, from two tokens on, the inside values of all spans, each in its own
    unit."""
    symbols = [len(rules.rank), len(rules.left) - len(rules.rank)]
    (left, word_left), (right, word_right) = rules.left.split(symbols), rules.right.split(symbols)
    upward = _Upward(rules)
    likelihood, spans = (
        words[:0].sum().expand(len(lengths)),
        [],
    )  # with a gradient, if only of 0, also without a sentence
    with torch.autocast(words.device.type, enabled=False):  # errors of bf16 would grow with the tree
        unit = words.detach().amax(1, keepdim=True)
        tokens = (words - unit).exp()
        # Of what begins with a token and of what ends with one, by width: what is to be the left or the right
        # part of a wider span.
        from_here, to_here = (tokens @ word_left).unsqueeze(1), (tokens @ word_right).unsqueeze(1)
        from_unit = to_unit = unit
        for wider in range(1, int(lengths.max()) if len(lengths) else 0):
            sentence, start = _ragged(lengths - wider + 1)
            count = lengths[sentence] - wider
            begins, ends = (start < count).nonzero().squeeze(1), (start > 0).nonzero().squeeze(1)
            from_here, to_here = from_here.index_select(0, begins), to_here.index_select(0, ends)
            from_unit, to_unit = from_unit[begins], to_unit[ends]
            sentence, start, count = sentence[begins], start[begins], count[begins]
            both = from_unit + to_unit
            most = both.amax(1, keepdim=True)
            splits = (from_here * (both - most).exp().unsqueeze(2) * to_here).sum(1)
            values = upward(splits, sentence)
            if forbidden is not None:
                values = values.masked_fill(forbidden[sentence, start, start + wider].unsqueeze(1), 0)
            size = values.detach().sum(1, keepdim=True).clamp(min=LEAST)
            values, unit = values / size, most + size.log()
            spans.append(values)
            whole = (count == 1).nonzero().squeeze(1)
            found = (values[whole] * rules.root[sentence[whole]]).sum(1).clamp(min=LEAST).log() + unit[
                whole
            ].squeeze(1)
            likelihood = likelihood.index_add(0, sentence[whole], found)
            from_here = torch.cat([from_here, (values @ left).unsqueeze(1)], 1)
            to_here = torch.cat([(values @ right).unsqueeze(1), to_here], 1)
            from_unit, to_unit = torch.cat([from_unit, unit], 1), torch.cat([unit, to_unit], 1)
    return likelihood, spans


class _Upward:
    """From r to nonterminals. With a lean p(r | A) differs from sentence to sentence, yet one matrix does for
    all of them."""

    def __init__(self, rules: Rules) -> None:
        self.rank, self.lean = rules.rank.T, rules.lean
        self.share = None if rules.lean is None else (rules.lean @ self.rank).clamp(min=SHARE).reciprocal()

    def __call__(
        self, splits: Float[Tensor, "span rank"], sentence: Int[Tensor, " span"]
    ) -> Float[Tensor, "span nonterminal"]:
        if self.lean is None or self.share is None:
            return splits @ self.rank
        return (splits * self.lean[sentence]) @ self.rank * self.share[sentence]


def _ragged(counts: Int[Tensor, " row"]) -> tuple[Int[Tensor, " item"], Int[Tensor, " item"]]:
    """Of so many items in each row, one row after the other: the row, and the place in it.

    >>> _ragged(torch.tensor([2, 0, 1]))
    (tensor([0, 0, 2]), tensor([0, 1, 0]))
    """
    counts = counts.clamp(min=0)
    row = torch.repeat_interleave(counts)
    return row, torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
