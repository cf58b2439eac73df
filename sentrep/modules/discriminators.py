"""Discriminators: was this text written by a person, or by a generator?

They read token vectors, not ids: rows of a table for words, mixtures of rows for soft words, straight-through
ones for drawn words, all alike, and gradients reach what wrote them. A score is a logit: high for what people
wrote. What stands beyond the end of a text changes nothing."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn


class StepCritic(nn.Module):
    """A GRU that scores every prefix, so that a generator learns which word it was ("Learning to encode text
    as human-readable summaries using generative adversarial networks", Wang & Lee, EMNLP 2018, its second
    method, there an LSTM). Trained on all prefixes it learns to judge early.

    Args:
        token_width: of the vectors that it reads.
        width: of its states.
    """

    def __init__(self, token_width: int, width: int) -> None:
        super().__init__()
        self.cell = nn.GRU(token_width, width, batch_first=True)
        self.score = nn.Linear(width, 1)

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], alive: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text position"]:
        """Of the text up to each token and with it; 0 beyond its end."""
        return self.score(self.cell(tokens)[0]).squeeze(2).float().where(alive, 0)  # type: ignore[no-any-return]


class ConvCritic(nn.Module):
    """Residual convolutions and one score a text: the critic of words in "Improved training of Wasserstein
    GANs", Gulrajani et al., NIPS 2017, with the mean over tokens for its fixed length, so that texts may have
    any.

    No layer normalises over the batch: a gradient penalty is asked of each text by itself (section 4).

    Args:
        token_width: of the vectors that it reads.
        width: of its states.
        blocks: residual ones, each of two convolutions.
        kernel: tokens that a convolution sees; odd.
    """

    def __init__(self, token_width: int, width: int, blocks: int = 3, kernel: int = 5) -> None:
        super().__init__()
        self.enter = nn.Conv1d(token_width, width, 1)
        self.blocks = nn.ModuleList(_Block(width, kernel) for _ in range(blocks))
        self.score = nn.Linear(
            width, 1, bias=False
        )  # where only differences of scores count, a bias would learn nothing

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], alive: Bool[Tensor, "text position"]
    ) -> Float[Tensor, " text"]:
        mask = alive.unsqueeze(1)
        states = self.enter(tokens.transpose(1, 2))
        for block in self.blocks:
            states = block(states, mask)
        mean = states.where(mask, 0).sum(2) / alive.sum(1, keepdim=True).clamp(min=1)
        return self.score(mean).squeeze(1).float()  # type: ignore[no-any-return]


class _Block(nn.Module):
    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, kernel, padding="same")
        self.second = nn.Conv1d(width, width, kernel, padding="same")

    def forward(
        self, states: Float[Tensor, "text width position"], mask: Bool[Tensor, "text 1 position"]
    ) -> Float[Tensor, "text width position"]:
        inner = states
        for convolution in (self.first, self.second):
            inner = convolution(
                torch.relu(inner).where(mask, 0)
            )  # beyond its end a text is zeros, as before its beginning
        return states + 0.3 * inner
