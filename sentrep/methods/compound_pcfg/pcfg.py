"""A probabilistic context-free grammar over the binary trees of a sentence, with rules of low rank.

    S → A          A → B C          T → w          B, C: nonterminals, or preterminals T, which generate words
    p(A → B C) = Σ_r p(r | A) p(B | r) p(C | r)

The parts of a span matter only by their probability under each r. So N symbols cost N for a span, not N³:

    inside_ij(A) = Σ_r p(r | A) Σ_k left_ik(r) right_{k+1,j}(r)      left_ik(r) = Σ_B p(B | r) inside_ik(B)

and `right` likewise. All but the sum over splits is a matrix product. The rules of a sentence may prefer some
r over others.

Spans of one width of all sentences are processed together without padding: from one width to the next every
sentence has one span less. Each span has a scale of its own, whose logarithm is stored separately, so nothing
under- or overflows. The scales cancel in the likelihood, so they are constants to its gradient.

Reference:
    "PCFGs can do better: inducing probabilistic context-free grammars with many symbols", Yang, Zhao & Tu,
    NAACL 2021, section 3; "Inside-outside and forward-backward algorithms are just backprop", Eisner, 2016
    (span probabilities as gradients).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

MIN_SUM = 1e-30
"""Lower limit of sums that are divided by or whose logarithm is taken. Their largest summand is about 1."""
MIN_SHARE = 1e-15
"""Lower limit of sums where the square of the inverse, a gradient, must be finite too."""


class Rules(NamedTuple):
    """All rules except those that generate words. A symbol is a nonterminal or, numbered after those, a
    preterminal."""

    root: Float[Tensor, "sentence nonterminal"]
    """p(S → A) for each sentence."""
    rank: Float[Tensor, "nonterminal rank"]
    """p(r | A); with `sentence_weights`, proportional to it."""
    left: Float[Tensor, "symbol rank"]
    """p(B | r): columns sum to 1."""
    right: Float[Tensor, "symbol rank"]
    """p(C | r): columns sum to 1."""
    sentence_weights: Float[Tensor, "sentence rank"] | None = None
    """Factors of each sentence for p(r | A), which is then normalised; the largest of a row is about 1."""


Forbidden = Bool[Tensor, "sentence position position"]
"""Spans, from their first token to their last, that are no constituents."""


def log_likelihood(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None = None,
) -> Float[Tensor, " sentence"]:
    """Returns log p(x) of each sentence in nats, summed over all its trees without a forbidden span.

    Args:
        rules: the rules.
        words: log p(T → w) for each token, one sentence after the other.
        lengths: tokens of each sentence. No rule generates fewer than two: of a shorter one the result is 0.
        forbidden: spans that are no constituents.

    >>> half = torch.full((2, 1), 0.5)
    >>> rules = Rules(torch.ones(1, 1), torch.ones(1, 1), half, half)
    >>> log_likelihood(rules, torch.zeros(2, 1), torch.tensor([2])).exp()
    tensor([0.2500])
    """
    return _inside(rules, words, lengths, forbidden)[0]


def marginals(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None = None,
) -> Float[Tensor, "sentence position position"]:
    """Returns the probability of each span, whatever its symbol, without gradient; 0 for single tokens.

    See `log_likelihood` for the arguments.
    """
    with torch.enable_grad():
        likelihood, spans = _inside(rules, words.detach().requires_grad_(), lengths, forbidden)
        gradients = torch.autograd.grad(likelihood.sum(), spans) if spans else ()
    longest = int(lengths.max()) if len(lengths) else 0
    found = words.new_zeros(len(lengths), longest, longest)
    for wider, (values, gradient) in enumerate(zip(spans, gradients, strict=True), start=1):
        sentence, start = _ragged(lengths - wider)
        found[sentence, start, start + wider] = (values * gradient).sum(1).detach()
    return found


def _inside(
    rules: Rules,
    words: Float[Tensor, "token preterminal"],
    lengths: Int[Tensor, " sentence"],
    forbidden: Forbidden | None,
) -> tuple[Float[Tensor, " sentence"], list[Float[Tensor, "_span nonterminal"]]]:
    """Returns log-likelihoods, and the scaled inside values of all spans by width, from two tokens on."""
    # With a gradient, if only of 0, even without a sentence.
    likelihood, spans = words[:0].sum().expand(len(lengths)), []
    # In bf16 probabilities would not sum to 1, and errors would grow with the tree.
    with torch.autocast(words.device.type, enabled=False):
        chart, to_nonterminals = _Chart(rules, words), _FromRank(rules)
        for wider in range(1, int(lengths.max()) if len(lengths) else 0):
            sentence, start = _ragged(lengths - wider + 1)
            count = lengths[sentence] - wider
            begins, ends = (start < count).nonzero().squeeze(1), (start > 0).nonzero().squeeze(1)
            sentence, start, count = sentence[begins], start[begins], count[begins]
            splits, log_scale = chart.combine(begins, ends)
            values = to_nonterminals(splits, sentence)
            if forbidden is not None:
                values = values.masked_fill(forbidden[sentence, start, start + wider].unsqueeze(1), 0)
            size = values.detach().sum(1, keepdim=True).clamp(min=MIN_SUM)
            values, log_scale = values / size, log_scale + size.log()
            spans.append(values)
            whole = (count == 1).nonzero().squeeze(1)
            root = (values[whole] * rules.root[sentence[whole]]).sum(1).clamp(min=MIN_SUM)
            found = root.log() + log_scale[whole].squeeze(1)
            likelihood = likelihood.index_add(0, sentence[whole], found)
            chart.append(values, log_scale)
    return likelihood, spans


class _Chart:
    """Values of all narrower spans, as left parts by where they begin and as right parts by where they
    end."""

    def __init__(self, rules: Rules, words: Float[Tensor, "token preterminal"]) -> None:
        symbols = [len(rules.rank), len(rules.left) - len(rules.rank)]
        (self.left, word_left), (self.right, word_right) = (
            rules.left.split(symbols),
            rules.right.split(symbols),
        )
        log_scale = words.detach().amax(1, keepdim=True)
        tokens = (words - log_scale).exp()
        self.from_here, self.to_here = (tokens @ word_left).unsqueeze(1), (tokens @ word_right).unsqueeze(1)
        self.from_scale = self.to_scale = log_scale

    def combine(
        self, begins: Int[Tensor, " span"], ends: Int[Tensor, " span"]
    ) -> tuple[Float[Tensor, "span rank"], Float[Tensor, "span 1"]]:
        """Returns the sum over splits of the next wider spans, and the logarithm of its scale."""
        self.from_here, self.to_here = (
            self.from_here.index_select(0, begins),
            self.to_here.index_select(0, ends),
        )
        self.from_scale, self.to_scale = self.from_scale[begins], self.to_scale[ends]
        log_scales = self.from_scale + self.to_scale
        largest = log_scales.amax(1, keepdim=True)
        scales = (log_scales - largest).exp().unsqueeze(2)
        return (self.from_here * scales * self.to_here).sum(1), largest

    def append(self, values: Float[Tensor, "span nonterminal"], log_scale: Float[Tensor, "span 1"]) -> None:
        """Adds the spans of the width that `combine` computed."""
        self.from_here = torch.cat([self.from_here, (values @ self.left).unsqueeze(1)], 1)
        self.to_here = torch.cat([(values @ self.right).unsqueeze(1), self.to_here], 1)
        self.from_scale = torch.cat([self.from_scale, log_scale], 1)
        self.to_scale = torch.cat([log_scale, self.to_scale], 1)


class _FromRank:
    """From r to nonterminals. With sentence weights p(r | A) differs between sentences, but one matrix
    product serves all of them."""

    def __init__(self, rules: Rules) -> None:
        self.rank, self.weights = rules.rank.T, rules.sentence_weights
        if self.weights is not None:
            self.normaliser = (self.weights @ self.rank).clamp(min=MIN_SHARE).reciprocal()

    def __call__(
        self, splits: Float[Tensor, "span rank"], sentence: Int[Tensor, " span"]
    ) -> Float[Tensor, "span nonterminal"]:
        if self.weights is None:
            return splits @ self.rank
        return (splits * self.weights[sentence]) @ self.rank * self.normaliser[sentence]


def _ragged(counts: Int[Tensor, " row"]) -> tuple[Int[Tensor, " item"], Int[Tensor, " item"]]:
    """Returns the row of each item and its place in the row, if each row has so many items.

    >>> _ragged(torch.tensor([2, 0, 1]))
    (tensor([0, 0, 2]), tensor([0, 1, 0]))
    """
    counts = counts.clamp(min=0)
    row = torch.repeat_interleave(counts)
    return row, torch.arange(len(row), device=row.device) - (counts.cumsum(0) - counts)[row]
