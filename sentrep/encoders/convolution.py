"""Convolutions over tokens: the sentence encoder of contrastive predictive coding.

"Representation learning with contrastive predictive coding", van den Oord, Li & Vinyals 2018, section 3.3: a
one-dimensional convolution, ReLU, and the mean over the sentence. No stock module has the ReLU."""

from __future__ import annotations

from typing import ClassVar

from jaxtyping import Float, Int
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.encoders.token_encoder import TokenEncoder


class ConvolutionalEncoder(TokenEncoder):
    """Token table, convolutions with ReLU, and pooling in one module.

    In each layer a state depends on `kernel` tokens around its position.
    """

    config_keys: ClassVar = [
        "vocab",
        "token_width",
        "width",
        "kernel",
        "layers",
        "pooling",
        "dropout",
        "max_tokens",
    ]
    config_file_name = "convolution_config.json"

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocab: int,
        token_width: int,
        width: int,
        kernel: int = 5,
        layers: int = 1,
        pooling: str = "mean",
        dropout: float = 0.0,
        max_tokens: int = 128,
    ) -> None:
        super().__init__(tokenizer, vocab, token_width, width, pooling, max_tokens)
        self.kernel, self.layers, self.dropout = kernel, layers, dropout
        self.drop = nn.Dropout(dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width if layer else token_width, width, kernel, padding="same")
            for layer in range(layers)
        )

    def states(
        self,
        rows: Float[Tensor, "sentence token token_width"],
        mask: Tensor,
        lengths: Int[Tensor, " sentence"],
    ) -> Float[Tensor, "sentence token width"]:
        states = rows
        for layer, convolution in enumerate(self.convolutions):
            if layer:
                states = self.drop(states)
            states = states * mask.unsqueeze(2)  # beyond its end a sentence is zeros, as before its beginning
            states = convolution(states.transpose(1, 2)).relu().transpose(1, 2)
        return states
