"""The words of sentences as targets: tf-idf weights, with document frequencies counted during training."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


class WordTargets(nn.Module):
    """Turns token ids into rows of tf-idf weights that sum to 1.

    The document frequencies are those of all sentences seen in training so far. A token that every sentence
    has, such as one that a tokenizer puts at its beginning, has the weight 0.

    Args:
        vocab: number of tokens.
    """

    sentences: Tensor
    holding: Tensor

    def __init__(self, vocab: int) -> None:
        super().__init__()
        self.vocab = vocab
        self.register_buffer("sentences", torch.zeros(()))
        self.register_buffer("holding", torch.zeros(vocab))

    def forward(
        self, ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"]
    ) -> Float[Tensor, "sentence vocab"]:
        """Returns targets; the row of a sentence without words is zero."""
        lengths = offsets.diff()
        sentence = torch.repeat_interleave(lengths)
        counts = torch.zeros(len(lengths), self.vocab, device=ids.device)
        counts.index_put_((sentence, ids), torch.ones(len(ids), device=ids.device), accumulate=True)
        if self.training:
            self.sentences += len(lengths)
            self.holding += (counts > 0).sum(0)
        return normalised(counts * self.idf())

    def idf(self) -> Float[Tensor, " vocab"]:
        """ln((1 + sentences) / (1 + sentences that hold the token))."""
        return ((1 + self.sentences) / (1 + self.holding)).log()


def normalised(weights: Float[Tensor, "sentence vocab"]) -> Float[Tensor, "sentence vocab"]:
    """Rows that sum to 1; rows of zeros stay."""
    return weights / weights.sum(1, keepdim=True).clamp(min=1e-12)
