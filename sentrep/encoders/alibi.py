"""A transformer whose attention falls off linearly with distance (ALiBi).

No stock encoder computes it, so the module is our own: it opens with `sentrep.load`.
"""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import DistilBertConfig
from transformers.models.distilbert.modeling_distilbert import Transformer as Layers

from sentrep.encoders.token_encoder import TokenEncoder

HIDDEN = -1e9
"""Added to the score of a key that is padding; finite, so that a row of padding alone has finite results."""


class AlibiEncoder(TokenEncoder):
    """Token table, layers of DistilBERT with a bias of distances, and pooling in one module.

    It reads texts of any length; `max_tokens` may be raised after training (`max_seq_length`).

    Reference:
        "Train short, test long: attention with linear biases enables input length extrapolation", Press et
        al. 2022, section 3. The paper's model reads to the left only; here both directions count.
    """

    config_keys: ClassVar = ["vocab", "width", "layers", "heads", "pooling", "dropout", "max_tokens"]
    config_file_name = "alibi_config.json"

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocab: int,
        width: int,
        layers: int,
        heads: int,
        pooling: str = "mean",
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__(tokenizer, vocab, width, width, pooling, max_tokens)
        self.heads, self.layers, self.dropout = heads, layers, dropout
        self.norm, self.drop = nn.LayerNorm(width, eps=1e-12), nn.Dropout(dropout)
        shape = DistilBertConfig(
            dim=width, n_layers=layers, n_heads=heads, hidden_dim=4 * width, dropout=dropout,
            attention_dropout=dropout, attn_implementation="eager",
        )  # fmt: skip
        self.blocks = Layers(shape)
        self.register_buffer("slopes", slopes(heads), persistent=False)
        self.apply(_initialise)

    slopes: Tensor

    def states(
        self, rows: Float[Tensor, "sentence token width"], mask: Tensor, lengths: Int[Tensor, " sentence"]
    ) -> Float[Tensor, "sentence token width"]:
        bias = self.bias(mask)
        states: Tensor = self.blocks(self.drop(self.norm(rows)), bias).last_hidden_state
        return states

    def bias(self, mask: Bool[Tensor, "sentence token"]) -> Float[Tensor, "sentence head query key"]:
        """Returns what is added to the scores: −m_h |i − j|, and a large negative number for padding."""
        place = torch.arange(mask.shape[1], device=mask.device)
        distance = (place.unsqueeze(1) - place).abs()
        falling = -self.slopes.view(1, -1, 1, 1) * distance
        return falling.masked_fill(~mask.view(len(mask), 1, 1, -1), HIDDEN)


def slopes(heads: int) -> Float[Tensor, " head"]:
    """Returns the slope of each head: 2^(−8h/n) for h = 1 … n.

    If n is no power of two, those of the power of two below, and then every second one of twice as many, as
    in the authors' code.

    >>> slopes(4).tolist()
    [0.25, 0.0625, 0.015625, 0.00390625]
    >>> slopes(3).tolist()
    [0.0625, 0.00390625, 0.25]
    """
    power = 2 ** math.floor(math.log2(heads))
    first = [2 ** (-8 * (head + 1) / power) for head in range(power)]
    more = [2 ** (-8 * (head + 1) / (2 * power)) for head in range(0, 2 * power, 2)]
    return torch.tensor([*first, *more[: heads - power]])


def _initialise(module: nn.Module) -> None:
    """The initial weights of DistilBERT."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
    if isinstance(module, nn.Linear):
        nn.init.zeros_(module.bias)
