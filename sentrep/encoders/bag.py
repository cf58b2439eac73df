"""The weighted bag of tokens in the form that is trained.

The sentence vector is (1/n) Σ_t w_t e_t over its n tokens, with a learned scalar weight w_t and a
learned row e_t for each token. Folding w_t into e_t gives the stock `StaticEmbedding` exactly; a bag is
saved in that form. Training keeps the two apart because one scalar learns the importance of a token
much faster than a whole row.

Special tokens, the unknown token and a single word mark have weight 0 and a zero row. The gradients of
both are then 0 too, so they stay at 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float, Num
from sentence_transformers.base.modules import Dense, Module, Normalize
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.data.tokenization.special import weightless_ids


class Bag(StaticEmbedding):
    """Weighted mean of token rows.

    Reads ``input_ids`` (token) and ``offsets`` (sentence: where each one starts), writes
    ``sentence_embedding`` (sentence, width).

    Args:
        tokenizer: maps text to the numbers of rows.
        rows: one row for each token.
        weights: one weight for each token. Weights and rows of tokens without content are set to 0.
        log_weights: learn the logarithms of the weights. A step then changes the weights of frequent and rare
            tokens by the same factor, and none becomes negative.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        rows: Float[Tensor, "vocab width"],
        weights: Float[Tensor, " vocab"],
        log_weights: bool = False,
    ) -> None:
        weightless = torch.tensor(weightless_ids(tokenizer), dtype=torch.long)
        super().__init__(tokenizer, embedding_weights=rows.index_fill(0, weightless, 0.0))
        weights = weights.index_fill(0, weightless, 0.0).unsqueeze(1)
        self.log_weights = log_weights
        self.token_weight = nn.Parameter(weights.log() if log_weights else weights)

    def weights(self) -> Float[Tensor, "vocab 1"]:
        """Returns the weights of all tokens."""
        return self.token_weight.exp() if self.log_weights else self.token_weight

    def forward(self, features: dict[str, Tensor], **_: Any) -> dict[str, Tensor]:
        ids, offsets = features["input_ids"], features["offsets"]
        lengths = torch.diff(offsets, append=offsets.new_tensor([len(ids)]))
        share = F.embedding(ids, self.weights()).squeeze(1) / lengths.repeat_interleave(lengths)
        features["sentence_embedding"] = F.embedding_bag(
            ids,
            self.embedding.weight,
            offsets,
            mode="sum",
            per_sample_weights=share.to(self.embedding.weight.dtype),
        )
        return features

    def stock(self) -> StaticEmbedding:
        """Returns the same function as a stock module: weights are folded into the rows."""
        return StaticEmbedding(
            self.tokenizer, embedding_weights=(self.embedding.weight * self.weights()).detach().clone()
        )


class Saturation(Module):
    """tanh(gain · √width · x/|x|) for each coordinate.

    A coordinate that many tokens contribute to counts little more than one that few contribute to,
    similar to the parameter k1 of BM25. This needs rows with few non-zero coordinates (`sparse_rows`),
    so that coordinates belong to tokens; on Gaussian rows it has no effect.
    """

    config_keys: ClassVar = ["width", "gain"]  # for `content_hash`: the module has no weights

    def __init__(self, width: int, gain: float) -> None:
        super().__init__()
        self.width, self.gain = width, gain

    def forward(self, features: dict[str, Tensor]) -> dict[str, Tensor]:
        vectors = F.normalize(features["sentence_embedding"], dim=1)
        features["sentence_embedding"] = torch.tanh(self.gain * self.width**0.5 * vectors)
        return features

    def stock(self) -> list[nn.Module]:
        """Returns the same function as stock modules: normalisation, then a dense layer with a diagonal
        matrix."""
        dense = Dense(self.width, self.width, bias=False, activation_function=nn.Tanh())
        dense.linear.weight.data = torch.eye(self.width) * (self.gain * self.width**0.5)
        return [Normalize(), dense]

    def get_embedding_dimension(self) -> int:
        return self.width

    def save(self, output_path: str, *_: Any, **__: Any) -> None:
        """Nothing: what is saved is `stock`."""


def sparse_rows(vocab: int, width: int) -> Float[Tensor, "vocab width"]:
    """Returns random unit rows: one coordinate in 128, but at least 8, is ±1 before scaling, the others
    are 0.

    Reference:
        "Random indexing of text samples for latent semantic analysis", Kanerva et al. 2000.
    """
    count = min(max(8, width // 128), width)
    rows = torch.zeros(vocab, width)
    places = torch.rand(vocab, width).topk(count, dim=1).indices
    signs = torch.randint(0, 2, (vocab, count)) * 2.0 - 1
    return rows.scatter_(1, places, signs / count**0.5)


def rows_by_prefix(
    tokens: Sequence[str], rows: Float[Tensor, "vocab width"], share: float = 0.85, letters: int = 5
) -> Tensor:
    """Returns unit rows in which tokens with the same first letters have a cosine of share².

    Words with the same first letters mostly share a stem. Each row becomes √(1-share²) times itself
    plus `share` times the row of its group; short tokens and punctuation belong to no group.
    """
    groups: dict[str, list[int]] = {}
    for place, token in enumerate(tokens):
        word = token.lstrip("▁#Ġ")
        if len(word) >= letters and word.isalpha():
            groups.setdefault(word[:letters], []).append(place)
    for members in groups.values():
        own = rows[members]
        rows[members] = F.normalize(
            (1 - share**2) ** 0.5 * own + share * sparse_rows(1, rows.shape[1]), dim=1
        )
    return rows


def frequency_weights(counts: Num[Tensor, " vocab"], a: float) -> Float[Tensor, " vocab"]:
    """a / (a + p(w)) for every token (Arora et al. 2017, section 3); ones where `a` is 0.

    >>> frequency_weights(torch.tensor([999.0, 1.0]), 1e-3)
    tensor([0.0010, 0.5000])
    """
    if a == 0:
        return torch.ones(len(counts))
    probability = counts / counts.sum().clamp(min=1)
    return (a / (a + probability)).float()


def fix_weightless_rows(bag: StaticEmbedding) -> None:
    """Sets the rows of tokens without content to 0 and keeps them there in further training."""
    rows = bag.embedding.weight
    weightless = torch.tensor(weightless_ids(bag.tokenizer), dtype=torch.long, device=rows.device)
    with torch.no_grad():
        rows.index_fill_(0, weightless, 0.0)
    rows.register_hook(lambda gradient: gradient.index_fill(0, weightless.to(gradient.device), 0.0))
