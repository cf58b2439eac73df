"""A bigram language model, counted in one pass: how likely is this token after that one?

    P(w | v) = max(c(v w) − d, 0) / c(v) + d t(v) / c(v) · P_c(w)       P_c(w) ∝ how many different tokens w follows

"Improved backing-off for m-gram language modeling", Kneser & Ney, ICASSP 1995; interpolated, with a fixed
discount. It knows what people write well enough to tell a headline from a heap of words, and costs no
training."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.modules.padding import Texts

DISCOUNT = 0.75
"""Of each count, for what was not seen (Ney, Essen & Kneser 1994 estimate it near this for most corpora)."""


class Bigrams:
    """Counts of texts; beginnings and ends of a text are the token `vocab`.

    Args:
        texts: to count; those without tokens are left out.
        vocab: every id is below it.
    """

    def __init__(self, texts: Texts, vocab: int) -> None:
        ids, alive = texts.ids[texts.lengths > 0], texts.alive[texts.lengths > 0]
        edge = ids.new_full((len(ids), 1), vocab)
        before = torch.cat([edge, ids], 1)
        after = torch.cat([ids, edge], 1).where(torch.cat([alive, alive[:, :0], edge < 0], 1), vocab)
        counted = torch.cat([edge >= 0, alive], 1)
        self.vocab, self.width = vocab, vocab + 1
        self.pairs, self.count = (before * self.width + after)[counted].unique(return_counts=True)
        first, second = self.pairs // self.width, self.pairs % self.width
        self.total = torch.zeros(self.width, device=ids.device).index_add(0, first, self.count.float())
        self.kinds = first.bincount(minlength=self.width).float()
        follows = second.bincount(minlength=self.width).float()
        spared = DISCOUNT * (follows > 0).sum() / self.width
        self.continuation = ((follows - DISCOUNT).clamp(min=0) + spared) / max(1, len(self.pairs))

    def log_probability(
        self, before: Int[Tensor, "*shape"], after: Int[Tensor, "*shape"]
    ) -> Float[Tensor, "*shape"]:
        """In nats, of each token after the one before it; finite for any."""
        wanted = before * self.width + after
        at = torch.searchsorted(self.pairs, wanted).clamp(max=max(len(self.pairs) - 1, 0))
        seen = self.count[at].where(self.pairs[at] == wanted, 0).float()
        total = self.total[before]
        left = torch.where(total > 0, DISCOUNT * self.kinds[before] / total.clamp(min=1), 1.0)
        own = (seen - DISCOUNT).clamp(min=0) / total.clamp(min=1)
        probability: Tensor = own + left * self.continuation[after]
        return probability.clamp(min=1e-12).log()

    def of_texts(self, texts: Texts) -> Float[Tensor, " text"]:
        """Mean log-probability of the tokens of a text and its end, in nats."""
        edge = texts.ids.new_full((len(texts.ids), 1), self.vocab)
        dead = torch.cat([texts.alive, edge < 0], 1)
        after = torch.cat([texts.ids, edge], 1).where(dead, self.vocab)
        each = self.log_probability(torch.cat([edge, texts.ids], 1), after)
        counted = torch.cat([edge >= 0, texts.alive], 1)
        mean: Tensor = each.where(counted, 0).sum(1) / counted.sum(1)
        return mean
