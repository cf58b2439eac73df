"""A transformer that decodes sentences from a code, read by cross-attention to a memory of one vector.

With one vector in memory every query attends to it with weight 1, so cross-attention is a linear map of the
code that is added at each position. Layers normalise their input (pre-norm); positions are sinusoidal, so no
sentence is too long.

Reference:
    "TSDAE: using transformer-based sequential denoising auto-encoder for unsupervised sentence embedding
    learning", Wang, Reimers & Gurevych, Findings of EMNLP 2021, section 3.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.modules.decoding import State

HEAD_WIDTH = 64
"""Width of an attention head; it is larger where so many heads do not divide the width of the states."""


class MemoryDecoder(nn.Module):
    """Computes states over known sentences, or one step at a time.

    Args:
        width: width of the token vectors and of the states.
        code_width: width of the code.
        layers: number of layers.

    >>> decoder = MemoryDecoder(width=8, code_width=3, layers=1)
    >>> decoder(torch.zeros(3, 8), torch.zeros(2, 3), active=[2, 1]).shape
    torch.Size([3, 8])
    """

    def __init__(self, width: int, code_width: int, layers: int = 1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(width, code_width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        tokens: Float[Tensor, "token width"],
        code: Float[Tensor, "sentence code_width"],
        active: list[int],
    ) -> Float[Tensor, "token width"]:
        """Returns the state after each token that is read; arguments as of `GRUDecoder.forward`."""
        count = torch.tensor(active, device=tokens.device).unsqueeze(1)
        mask = torch.arange(len(code), device=tokens.device) < count
        padded = tokens.new_zeros(*mask.shape, tokens.shape[1]).masked_scatter(mask.unsqueeze(2), tokens)
        return self.read(padded.transpose(0, 1), code).transpose(0, 1)[mask]

    def read(
        self, tokens: Float[Tensor, "sentence position width"], code: Float[Tensor, "sentence code_width"]
    ) -> Float[Tensor, "sentence position width"]:
        """Returns the states of padded sentences; a state depends on no later token."""
        states = tokens + sinusoids(tokens.shape[1], tokens.shape[2]).to(tokens)
        for layer in self.layers:
            states = layer(states, code)
        return self.norm(states)  # type: ignore[no-any-return]

    def begin(self, code: Float[Tensor, "sentence code_width"]) -> State:
        """Returns the code, and no tokens."""
        return code, code.new_zeros(len(code), 0, self.norm.weight.shape[0])

    def advance(
        self, tokens: Float[Tensor, "hypothesis width"], state: State
    ) -> tuple[Float[Tensor, "hypothesis width"], State]:
        """Reads one token a hypothesis; the state holds the code and all tokens so far."""
        code, before = state
        read = torch.cat([before, tokens.unsqueeze(1)], 1)
        return self.read(read, code)[:, -1], (code, read)


class _Layer(nn.Module):
    def __init__(self, width: int, code_width: int) -> None:
        super().__init__()
        self.heads = next(heads for heads in range(max(1, width // HEAD_WIDTH), 0, -1) if width % heads == 0)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.memory = nn.Linear(code_width, width)
        self.inner, self.outer = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, states: Tensor, code: Tensor) -> Tensor:
        sentences, length, _ = states.shape
        parts = self.attention(self.first(states)).view(sentences, length, 3, self.heads, -1)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        states = states + self.out(mixed.transpose(1, 2).flatten(2))
        states = states + self.memory(code).unsqueeze(1)
        return states + self.outer(F.gelu(self.inner(self.second(states))))  # type: ignore[no-any-return]


def sinusoids(length: int, width: int) -> Float[Tensor, "position width"]:
    """Returns sin and cos of position / 10000^(2i / width), the first half sines.

    Reference:
        "Attention is all you need", Vaswani et al., NIPS 2017, section 3.5.

    >>> sinusoids(2, 2)
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])
    """
    half = (width + 1) // 2
    rates = torch.exp(-math.log(10000.0) / half * torch.arange(half))
    angles = torch.arange(length).unsqueeze(1) * rates
    return torch.cat([angles.sin(), angles.cos()], 1)[:, :width]
