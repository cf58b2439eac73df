"""Recurrent networks over ragged sentences in padded tensors.

The backward direction runs over each sentence reversed in place: padding stays behind the sentence, so no
state of a token depends on it, and nothing has to be packed.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class BidirectionalGRU(nn.Module):
    """A GRU that reads texts in both directions.

    It reads token vectors instead of ids, so that rows of an embedding table, mixtures of rows and
    straight-through vectors can all be read.

    Args:
        token_width: width of the token vectors.
        width: width of the states, both directions together; even.

    Raises:
        ValueError: `width` is odd.
    """

    def __init__(self, token_width: int, width: int) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"width {width} cannot be shared by two directions: make it even")
        self.forward_gru = nn.GRU(token_width, width // 2, batch_first=True)
        self.backward_gru = nn.GRU(token_width, width // 2, batch_first=True)

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], mask: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text position width"]:
        """Returns a state for each token; zeros at padding, which follows the tokens of a text."""
        backward = run_backwards(self.backward_gru, tokens, mask.sum(1))
        return torch.cat([self.forward_gru(tokens)[0], backward], 2) * mask.unsqueeze(2)


def run_backwards(
    network: nn.Module,
    tokens: Float[Tensor, "sentence position token_width"],
    lengths: Int[Tensor, " sentence"],
) -> Float[Tensor, "sentence position width"]:
    """Runs a GRU or LSTM over each sentence from its last token to its first.

    Args:
        network: a recurrent layer with ``batch_first=True``.
        tokens: vectors of the tokens, padded on the right.
        lengths: tokens of each sentence.

    Returns:
        The state at each token, in the order of the sentence.
    """
    order = reversal(lengths, tokens.shape[1])
    return reorder(network(reorder(tokens, order))[0], order)


def reversal(lengths: Int[Tensor, " sentence"], width: int) -> Int[Tensor, "sentence position"]:
    """Returns the positions that reverse each sentence and leave its padding where it is.

    Applied twice, the order changes nothing.

    >>> reversal(torch.tensor([3, 1]), 4)
    tensor([[2, 1, 0, 3],
            [0, 1, 2, 3]])
    """
    position = torch.arange(width, device=lengths.device).expand(len(lengths), width)
    mirrored = lengths.unsqueeze(1) - 1 - position
    return torch.where(mirrored >= 0, mirrored, position)


def reorder(
    states: Float[Tensor, "sentence position width"], order: Int[Tensor, "sentence position"]
) -> Float[Tensor, "sentence position width"]:
    """Moves the states of each sentence to the given order."""
    return states.gather(1, order.unsqueeze(2).expand_as(states))
