"""Builds an encoder from its settings: a `SentenceTransformer` of stock modules wherever there is one."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout, Pooling, StaticEmbedding
from tokenizers import Tokenizer
from torch import Tensor, nn

from sentrep.encoders import serialization as folder
from sentrep.encoders.alibi import AlibiEncoder
from sentrep.encoders.bag import (
    Bag,
    Saturation,
    fix_weightless_rows,
    frequency_weights,
    rows_by_prefix,
    sparse_rows,
)
from sentrep.encoders.capsules import AttentionPooling, CapsulePooling, PartPooling
from sentrep.encoders.config import TABLES, EncoderConfig
from sentrep.encoders.convolution import ConvolutionalEncoder
from sentrep.encoders.positions import fix_positions, transformer
from sentrep.encoders.recurrent import Cell, RecurrentEncoder
from sentrep.encoders.token_encoder import TokenEncoder
from sentrep.encoders.word_vectors import read_vectors
from sentrep.utils.errors import InputError, at, opt


def build(
    config: EncoderConfig, tokenizer: Tokenizer, counts: np.ndarray, max_tokens: int
) -> SentenceTransformer:
    """Builds an encoder that is ready to be trained.

    Weights are drawn from torch's global generator: set its seed for reproducible encoders.

    Args:
        config: architecture and sizes.
        tokenizer: maps text to ids; saved with the encoder.
        counts: (vocab,) number of occurrences of each token in the corpus; initial weights of a bag
            depend on it.
        max_tokens: maximum length of a sentence in tokens.
    """
    if not config.scratch:
        return _pretrained(config.encoder)
    if config.encoder == "bag":
        modules = _bag(config, tokenizer, torch.from_numpy(counts))
    elif config.encoder == "transformer":
        modules = _transformer(config, tokenizer, len(counts), max_tokens)
    else:
        modules = [_token_encoder(config, tokenizer, len(counts), max_tokens)]
    if config.pools_parts:
        modules.append(_part_pooling(config))
    return SentenceTransformer(modules=modules, device="cpu")


def _pretrained(name: str) -> SentenceTransformer:
    encoder = folder.load(name)
    if isinstance(encoder[0], StaticEmbedding):
        fix_weightless_rows(encoder[0])
    if isinstance(encoder[0], Transformer):
        fix_positions(encoder[0].auto_model)
    return encoder


def _bag(config: EncoderConfig, tokenizer: Tokenizer, counts: Tensor) -> list[nn.Module]:
    """Returns a bag whose rows have about unit length, so that two different tokens are nearly orthogonal.

    So a random bag matches words. Its layers have no bias, so that the zero vector stays the zero
    vector.
    """
    vocab, width = len(counts), config.width
    rows = sparse_rows(vocab, width) if config.saturation else torch.randn(vocab, width) / width**0.5
    if config.saturation:
        rows = rows_by_prefix([tokenizer.id_to_token(place) or "" for place in range(vocab)], rows)
    _fill(rows, tokenizer, config)
    bag = Bag(tokenizer, rows, frequency_weights(counts, config.frequency), config.log_weights)
    bag.embedding.weight.requires_grad_(not config.freeze_vectors)
    layers: list[nn.Module] = [Saturation(width, config.saturation)] if config.saturation else []
    for _ in range(config.depth):
        layers += [Dropout(config.dropout)] if config.dropout else []
        layers += [Dense(width, width, bias=False, activation_function=nn.GELU(), use_residual=True)]
    return [bag, *layers, Normalize()]


def _token_encoder(config: EncoderConfig, tokenizer: Tokenizer, vocab: int, max_tokens: int) -> TokenEncoder:
    module: TokenEncoder
    pooling = "mean" if config.pools_parts else config.pooling
    if config.encoder == "conv":
        module = ConvolutionalEncoder(
            tokenizer, vocab, config.token_width, config.width, config.kernel, config.depth,
            pooling, config.dropout, max_tokens,
        )  # fmt: skip
    else:
        module = RecurrentEncoder(
            tokenizer, cast(Cell, config.encoder), vocab, config.token_width, config.width, config.depth,
            config.bidirectional, pooling, config.dropout, max_tokens,
        )  # fmt: skip
    _fill(module.table.weight.data, tokenizer, config)
    module.table.weight.requires_grad_(not config.freeze_vectors)
    return module


def _transformer(config: EncoderConfig, tokenizer: Tokenizer, vocab: int, max_tokens: int) -> list[nn.Module]:
    if config.positions == "alibi":
        pooling = "mean" if config.pools_parts else config.pooling
        sizes = (config.width, config.depth, config.heads)
        return [AlibiEncoder(tokenizer, vocab, *sizes, pooling, config.dropout, max_tokens)]
    first = transformer(config, tokenizer, vocab, max_tokens)
    return [first] if config.pools_parts else [first, Pooling(config.width, config.pooling)]


def _part_pooling(config: EncoderConfig) -> PartPooling:
    if config.pooling == "attention":
        return AttentionPooling(config.width, config.capsules)
    return CapsulePooling(config.width, config.capsules, config.routing, config.routing_rounds)


def _fill(rows: Tensor, tokenizer: Tokenizer, config: EncoderConfig) -> None:
    """Copies word vectors into the rows of their tokens; the other rows are scaled to the same length."""
    if config.vectors is None:
        return
    found = dict(read_vectors(config.vectors, set(tokenizer.get_vocab()).__contains__))
    if not found:
        raise InputError(
            f"{at(config.vectors)}: none of its words is a token of this vocabulary; use "
            f"{opt('tokenizer')} word with word vectors"
        )
    places = torch.tensor([tokenizer.token_to_id(word) for word in found])
    vectors = torch.from_numpy(np.stack(list(found.values())))
    (_, theirs), (_, ours) = vectors.shape, rows.shape
    if theirs != ours:
        setting = "token_width" if config.encoder in TABLES else "width"
        raise InputError(
            f"{at(config.vectors)}: vectors {theirs} wide, but the token table is {ours} wide "
            f"({opt(setting)})"
        )
    scale = rows.norm(dim=1).mean() / vectors.norm(dim=1).mean().clamp(min=1e-12)
    rows[places] = vectors * scale
