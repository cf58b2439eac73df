"""A discriminator of joint and marginal: do this token, with those around it, and this vector belong together?

The local features of "An unsupervised sentence embedding method by mutual information maximization", Zhang et al., EMNLP 2020,
section 3.2, over token rows of its own, so that the vector may come from any encoder.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


class Matching(nn.Module):
    """Scores of tokens, seen through windows of several sizes, against sentence vectors.

    Args:
        vocab: tokens that there are.
        token_width: of its token rows.
        windows: how many tokens each convolution sees; odd.
        feature_width: of what each convolution gives.
        width: of the sentence vectors.
    """

    def __init__(self, vocab: int, token_width: int, windows: Sequence[int], feature_width: int, width: int) -> None:
        super().__init__()
        self.rows = nn.Embedding(vocab, token_width)
        self.convolutions = nn.ModuleList(nn.Conv1d(token_width, feature_width, window, padding="same") for window in windows)
        self.match = nn.Linear(width, feature_width * len(windows), bias=False)
        self.gap = max(windows) // 2

    def features(self, ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"]) -> Float[Tensor, "token features"]:
        """Each token with those around it in its sentence. Sentences stand in one row, zeros between them, so none is padded."""
        sentence = torch.repeat_interleave(offsets.diff())
        place = torch.arange(len(ids), device=ids.device) + self.gap * (sentence + 1)
        rows = self.rows(ids)
        line = rows.new_zeros(len(ids) + self.gap * (len(offsets) + 1), rows.shape[1]).index_copy(0, place, rows)
        seen = [convolution(line.T.unsqueeze(0)).squeeze(0).T[place] for convolution in self.convolutions]
        return F.relu(torch.cat(seen, dim=1))

    def forward(
        self, features: Float[Tensor, "row features"], vectors: Float[Tensor, "sentence width"]
    ) -> Float[Tensor, "row sentence"]:
        """How well each row of features goes with each vector."""
        asked: Tensor = self.match(vectors)
        return features @ asked.T
