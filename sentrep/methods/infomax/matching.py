"""The discriminator of InfoMax: predicts whether a token in its context and a sentence vector belong
together.

Reference:
    "An unsupervised sentence embedding method by mutual information maximization", Zhang et al., EMNLP
    2020, section 3.2: the local features. Here they read any token vectors, for sentence vectors of any
    width.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


class Matching(nn.Module):
    """Scores of tokens in windows of several sizes against sentence vectors.

    Args:
        token_width: width of the token vectors.
        windows: window sizes of the convolutions in tokens; odd.
        feature_width: output width of each convolution.
        width: width of the sentence vectors.
    """

    def __init__(self, token_width: int, windows: Sequence[int], feature_width: int, width: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(token_width, feature_width, window, padding="same") for window in windows
        )
        self.match = nn.Linear(width, feature_width * len(windows), bias=False)
        self.gap = max(windows) // 2

    def features(
        self, tokens: Float[Tensor, "token token_width"], offsets: Int[Tensor, " offset"]
    ) -> Float[Tensor, "token features"]:
        """Returns features of each token and its neighbours in its sentence.

        Sentences are laid out in one row with zeros between them, so none is padded.
        """
        sentence = torch.repeat_interleave(offsets.diff())
        place = torch.arange(len(tokens), device=tokens.device) + self.gap * (sentence + 1)
        length = len(tokens) + self.gap * (len(offsets) + 1)
        line = tokens.new_zeros(length, tokens.shape[1]).index_copy(0, place, tokens)
        seen = [convolution(line.T.unsqueeze(0)).squeeze(0).T[place] for convolution in self.convolutions]
        return F.relu(torch.cat(seen, dim=1))

    def forward(
        self, features: Float[Tensor, "row features"], vectors: Float[Tensor, "sentence width"]
    ) -> Float[Tensor, "row sentence"]:
        """Returns the score of each row of features with each vector."""
        asked: Tensor = self.match(vectors)
        return features @ asked.T
