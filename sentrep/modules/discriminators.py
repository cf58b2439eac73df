"""Discriminators: networks that distinguish real texts from generated ones.

They read token vectors instead of ids, so that they accept rows of an embedding table, mixtures of rows
and straight-through vectors, and gradients reach the generator. A score is a logit, high for real
texts. Padding changes nothing.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

RESIDUAL_SCALE = 0.3
"""Weight of what a residual block adds (the released code of "Improved training of Wasserstein GANs")."""


class StepCritic(nn.Module):
    """A GRU that scores every prefix of a text, so that each token gets a reward.

    Args:
        token_width: width of the token vectors.
        width: width of the states.

    Reference:
        "Learning to encode text as human-readable summaries using generative adversarial networks", Wang &
        Lee, EMNLP 2018, section 4.2, with a GRU in place of the LSTM.

    >>> StepCritic(4, 8)(torch.randn(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)).shape
    torch.Size([2, 3])
    """

    def __init__(self, token_width: int, width: int) -> None:
        super().__init__()
        self.cell = nn.GRU(token_width, width, batch_first=True)
        self.score = nn.Linear(width, 1)

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], mask: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text position"]:
        """Returns the score of each text up to and including each token; 0 at padding."""
        return self.score(self.cell(tokens)[0]).squeeze(2).float().where(mask, 0)  # type: ignore[no-any-return]


class ConvCritic(nn.Module):
    """Residual convolutions and a mean over tokens: one score for each text, of any length.

    No layer normalises over the batch: a gradient penalty needs the gradient of each text by itself.

    Args:
        token_width: width of the token vectors.
        width: width of the states.
        blocks: number of residual blocks, each of two convolutions.
        kernel: tokens that a convolution sees; odd.

    Reference:
        "Improved training of Wasserstein GANs", Gulrajani et al., NIPS 2017, section 4 and the critic of the
        language-modelling experiment.

    >>> ConvCritic(4, 8)(torch.randn(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)).shape
    torch.Size([2])
    """

    def __init__(self, token_width: int, width: int, blocks: int = 3, kernel: int = 5) -> None:
        super().__init__()
        self.enter = nn.Conv1d(token_width, width, 1)
        self.blocks = nn.ModuleList(_ResidualBlock(width, kernel) for _ in range(blocks))
        # No bias: where only differences of scores count, it would learn nothing.
        self.score = nn.Linear(width, 1, bias=False)

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], mask: Bool[Tensor, "text position"]
    ) -> Float[Tensor, " text"]:
        """Returns the score of each text."""
        column = mask.unsqueeze(1)
        states = self.enter(tokens.transpose(1, 2))
        for block in self.blocks:
            states = block(states, column)
        mean = states.where(column, 0).sum(2) / mask.sum(1, keepdim=True).clamp(min=1)
        return self.score(mean).squeeze(1).float()  # type: ignore[no-any-return]


class _ResidualBlock(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, kernel, padding="same")
        self.second = nn.Conv1d(width, width, kernel, padding="same")

    def forward(
        self, states: Float[Tensor, "text width position"], mask: Bool[Tensor, "text 1 position"]
    ) -> Float[Tensor, "text width position"]:
        inner = states
        for convolution in (self.first, self.second):
            # Padding is set to 0, so that a text ends as it begins.
            inner = convolution(torch.relu(inner).where(mask, 0))
        return states + RESIDUAL_SCALE * inner
