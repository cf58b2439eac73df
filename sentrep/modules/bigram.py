"""A bigram language model with interpolated Kneser-Ney smoothing, counted in one pass.

    P(w | v) = max(c(v w) − d, 0) / c(v) + d t(v) / c(v) · P_c(w)
    P_c(w) ∝ number of different tokens before w

c counts bigrams and tokens, d is `DISCOUNT`, and t(v) is the number of different tokens after v.

It is a cheap measure of fluency: it distinguishes a headline from a sequence of unrelated words and
needs no training.

Reference:
    "Improved backing-off for m-gram language modeling", Kneser & Ney, ICASSP 1995.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.modules.padding import Texts

DISCOUNT = 0.75
"""Subtracted from each count, for unseen bigrams (Ney, Essen & Kneser 1994 estimate it near this value)."""


class BigramModel:
    """Bigram counts of texts. The token id `vocab` stands for the beginning and the end of a text.

    Args:
        texts: texts to count; those without tokens are left out.
        vocab: size of the vocabulary; every id is below it.

    >>> from sentrep.modules.padding import pad_lists
    >>> model = BigramModel(pad_lists([[1, 2], [1, 3]]), vocab=5)
    >>> forward, backward = torch.tensor([1, 2]), torch.tensor([2, 1])
    >>> bool(model.log_prob(*forward) > model.log_prob(*backward))
    True
    """

    def __init__(self, texts: Texts, vocab: int) -> None:
        self.vocab, self.width = vocab, vocab + 1
        before, after = self._bigrams(texts.select((texts.lengths > 0).nonzero().squeeze(1)))
        self.pairs, self.count = (before * self.width + after).unique(return_counts=True)
        first, second = self.pairs // self.width, self.pairs % self.width
        self.total = torch.zeros(self.width, device=first.device).index_add(0, first, self.count.float())
        self.kinds = first.bincount(minlength=self.width).float()
        follows = second.bincount(minlength=self.width).float()
        spared = DISCOUNT * (follows > 0).sum() / self.width
        self.continuation = ((follows - DISCOUNT).clamp(min=0) + spared) / max(1, len(self.pairs))

    def log_prob(
        self, before: Int[Tensor, "*shape"], after: Int[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """Returns log P(after | before) in nats; finite for any pair of tokens."""
        wanted = before * self.width + after
        index = torch.searchsorted(self.pairs, wanted).clamp(max=max(len(self.pairs) - 1, 0))
        seen = self.count[index].where(self.pairs[index] == wanted, 0).float()
        total = self.total[before]
        left = torch.where(total > 0, DISCOUNT * self.kinds[before] / total.clamp(min=1), 1.0)
        own = (seen - DISCOUNT).clamp(min=0) / total.clamp(min=1)
        probability: Tensor = own + left * self.continuation[after]
        return probability.clamp(min=1e-12).log()

    def mean_log_prob(self, texts: Texts) -> Float[Tensor, " text"]:
        """Returns the mean log-probability of the tokens of each text and of its end, in nats."""
        before, after, counted = self._columns(texts)
        each = self.log_prob(before, after)
        mean: Tensor = each.where(counted, 0).sum(1) / counted.sum(1)
        return mean

    def _bigrams(self, texts: Texts) -> tuple[Int[Tensor, " bigram"], Int[Tensor, " bigram"]]:
        before, after, counted = self._columns(texts)
        return before[counted], after[counted]

    def _columns(self, texts: Texts) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the token before, the token after and whether there is such a bigram, (text, place)."""
        edge = texts.ids.new_full((len(texts.ids), 1), self.vocab)
        present, absent = edge >= 0, edge < 0
        after = torch.cat([texts.ids, edge], 1).where(torch.cat([texts.mask, absent], 1), self.vocab)
        return torch.cat([edge, texts.ids], 1), after, torch.cat([present, texts.mask], 1)
