"""Self-attention of sentences of one length, and the relative positions of MPNet."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

SHORT = {torch.float32: 48, torch.bfloat16: 256}
"""Up to this length two batched products take less time than torch's fused attention."""


def attend(
    qkv: Float[Tensor, "token three_width"],
    length: int,
    heads: int,
    bias: Float[Tensor, "1 head length length"] | None,
) -> Float[Tensor, "token width"]:
    """Attention within sentences of `length` tokens, which stand one after the other.

    Args:
        qkv: queries, keys and values of each token.
        length: tokens of each sentence.
        heads: number of heads.
        bias: added to the scores of each sentence.

    Reference:
        "Attention is all you need", Vaswani et al. 2017, section 3.2.
    """
    width = qkv.shape[1] // 3
    split = qkv.view(-1, length, 3, heads, width // heads)
    query, key, value = split.permute(2, 0, 3, 1, 4)
    if length > SHORT[qkv.dtype]:
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
    else:
        scores = torch.matmul(query, key.transpose(2, 3)).mul_((width // heads) ** -0.5)
        scores = scores if bias is None else scores.add_(bias)
        mixed = torch.matmul(scores.softmax(-1), value)
    return mixed.transpose(1, 2).reshape(-1, width)


def relative_buckets(length: int, buckets: int = 32, farthest: int = 128) -> Int[Tensor, "length length"]:
    """Numbers of the relative positions between query (row) and key (column).

    Half of the numbers are for keys after the query. Of each half, one half is exact and the other grows
    logarithmically up to the distance `farthest`.

    Reference:
        "Exploring the limits of transfer learning with a unified text-to-text transformer", Raffel et al.
        2020, section 2.1; MPNet has the same positions.

    >>> relative_buckets(3)
    tensor([[ 0, 17, 18],
            [ 1,  0, 17],
            [ 2,  1,  0]])
    """
    place = torch.arange(length)
    behind = place.unsqueeze(1) - place
    half, exact = buckets // 2, buckets // 4
    distance = behind.abs()
    share = torch.log(distance.float() / exact) / math.log(farthest / exact)
    far = (exact + (share * (half - exact)).long()).clamp(max=half - 1)
    return torch.where(distance < exact, distance, far) + half * (behind < 0)
