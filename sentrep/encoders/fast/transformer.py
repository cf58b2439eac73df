"""A transformer encoder on packed weights, without padding."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.encoders.fast.attention import attend, relative_buckets
from sentrep.encoders.fast.families import LayerWeights, Shape, TransformerWeights
from sentrep.encoders.fast.linear import PackedLinear


class PackedTransformer:
    """States of tokens.

    Args:
        shape: number of layers and heads, and other settings.
        weights: float32.
        dtype: in which products are computed, float32 or bfloat16.
    """

    def __init__(self, shape: Shape, weights: TransformerWeights, dtype: torch.dtype) -> None:
        self.shape, self.dtype = shape, dtype
        self.words, self.positions, self.relative = weights.words, weights.positions, weights.relative
        self.norm = weights.norm
        self.layers = [PackedLayer(layer, shape, dtype) for layer in weights.layers]

    @property
    def width(self) -> int:
        return int(self.words.shape[1])

    def __call__(
        self, ids: Int[Tensor, " token"], groups: list[tuple[int, int]]
    ) -> Float[Tensor, "token width"]:
        """States of the tokens of sentences that stand one after the other.

        Args:
            ids: of all sentences.
            groups: for sentences of equal length that are neighbours, this length (1 or more) and their
                number.
        """
        states = self.words[ids] + self.positions[self._places(ids, groups)]
        states = F.layer_norm(states, states.shape[1:], *self.norm, eps=self.shape.epsilon).to(self.dtype)
        biases = [self._bias(length) for length, _ in groups]
        unused = rounded(len(ids)) - len(ids)
        filler = states.new_zeros(unused, states.shape[1])
        states = torch.cat([states, filler]) if unused else states
        for layer in self.layers:
            states = layer(states, groups, biases, filler)
        return states[: len(ids)]

    def _places(self, ids: Tensor, groups: list[tuple[int, int]]) -> Int[Tensor, " token"]:
        """The row of the position embedding of each token."""
        if self.shape.pad is None:
            return torch.cat([torch.arange(length).repeat(count) for length, count in groups])
        counted, start = [], 0
        for length, count in groups:
            present = (ids[start : start + length * count] != self.shape.pad).view(count, length)
            counted.append((present.cumsum(1) * present).reshape(-1) + self.shape.pad)
            start += length * count
        return torch.cat(counted)

    def _bias(self, length: int) -> Float[Tensor, "1 head length length"] | None:
        if self.relative is None:
            return None
        found = self.relative[relative_buckets(length)]
        return found.permute(2, 0, 1).unsqueeze(0).to(self.dtype)


class PackedLayer:
    """Self-attention and a network of one hidden layer, each with a residual connection before its norm."""

    def __init__(self, weights: LayerWeights, shape: Shape, dtype: torch.dtype) -> None:
        self.heads, self.epsilon = shape.heads, shape.epsilon
        self.qkv = PackedLinear(*weights.qkv, dtype)
        self.mixed = PackedLinear(*weights.mixed, dtype)
        self.inner = PackedLinear(*weights.inner, dtype, shape.activation)
        self.outer = PackedLinear(*weights.outer, dtype)
        self.mixed_norm, self.outer_norm = (
            (gain.to(dtype), bias.to(dtype)) for gain, bias in (weights.mixed_norm, weights.outer_norm)
        )

    def __call__(
        self,
        states: Float[Tensor, "token width"],
        groups: list[tuple[int, int]],
        biases: list[Tensor | None],
        filler: Float[Tensor, "unused width"],
    ) -> Float[Tensor, "token width"]:
        sizes = [length * count for length, count in groups]
        parts = self.qkv(states)[: sum(sizes)].split(sizes)
        attended = [
            attend(part, length, self.heads, bias)
            for part, (length, _), bias in zip(parts, groups, biases, strict=True)
        ]
        mixed = torch.cat([*attended, filler]) if len(attended) > 1 or len(filler) else attended[0]
        states = self._normalised(self.mixed.plus(mixed, states), self.mixed_norm)
        return self._normalised(self.outer.plus(self.inner(states), states), self.outer_norm)

    def _normalised(self, states: Tensor, norm: tuple[Tensor, Tensor]) -> Tensor:
        return F.layer_norm(states, states.shape[1:], *norm, eps=self.epsilon)


def rounded(rows: int) -> int:
    """The number of rows that are computed for so many tokens, at most a sixteenth more.

    oneDNN compiles a product for each number of rows, which takes as long as many products.

    >>> [rounded(rows) for rows in (1, 16, 33, 1000, 4090)]
    [1, 16, 34, 1024, 4096]
    """
    step = 1 << max(0, (rows - 1).bit_length() - 5)
    return -(-rows // step) * step
