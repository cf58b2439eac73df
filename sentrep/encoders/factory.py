"""Builds an encoder from its settings: a `SentenceTransformer` of stock modules wherever there is one."""

from __future__ import annotations

import tempfile
from typing import cast

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Dense, Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Dropout, Pooling, StaticEmbedding
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import DistilBertConfig, DistilBertModel, PreTrainedTokenizerFast

from sentrep.encoders import serialization as folder
from sentrep.encoders.bag import (
    Bag,
    Saturation,
    fix_weightless_rows,
    frequency_weights,
    rows_by_prefix,
    sparse_rows,
)
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.convolution import ConvolutionalEncoder
from sentrep.encoders.recurrent import Cell, RecurrentEncoder
from sentrep.encoders.token_encoder import TokenEncoder, special_tokens
from sentrep.encoders.word_vectors import read_vectors
from sentrep.utils.errors import InputError, opt


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
    return SentenceTransformer(modules=modules, device="cpu")


def _pretrained(name: str) -> SentenceTransformer:
    encoder = folder.load(name)
    if isinstance(encoder[0], StaticEmbedding):
        fix_weightless_rows(encoder[0])
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
    if config.encoder == "conv":
        module = ConvolutionalEncoder(
            tokenizer, vocab, config.token_width, config.width, config.kernel, config.depth,
            config.pooling, config.dropout, max_tokens,
        )  # fmt: skip
    else:
        module = RecurrentEncoder(
            tokenizer, cast(Cell, config.encoder), vocab, config.token_width, config.width, config.depth,
            config.bidirectional, config.pooling, config.dropout, max_tokens,
        )  # fmt: skip
    _fill(module.table.weight.data, tokenizer, config)
    module.table.weight.requires_grad_(not config.freeze_vectors)
    return module


def _transformer(config: EncoderConfig, tokenizer: Tokenizer, vocab: int, max_tokens: int) -> list[nn.Module]:
    """Returns a model of DistilBERT's architecture: BERT without pooler and segment embeddings.

    The stock module opens from a folder only, so the initial weights are saved to a temporary one.
    """
    special = special_tokens(tokenizer)
    if "pad_token" not in special:
        raise InputError(
            "the tokenizer has no token to pad with ([PAD] or <pad>), which a transformer needs; "
            f"use another {opt('tokenizer')}"
        )
    shape = DistilBertConfig(
        vocab_size=vocab,
        dim=config.width,
        n_layers=config.depth,
        n_heads=config.heads,
        hidden_dim=4 * config.width,
        max_position_embeddings=max_tokens,
        dropout=config.dropout,
        attention_dropout=config.dropout,
        pad_token_id=tokenizer.token_to_id(special["pad_token"]),
    )
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_tokens, **special)
    with tempfile.TemporaryDirectory() as scratch, folder.quiet():
        DistilBertModel(shape).save_pretrained(scratch)
        words.save_pretrained(scratch)
        transformer = Transformer(scratch, max_seq_length=max_tokens, model_kwargs={"dtype": torch.float32})
    return [transformer, Pooling(config.width, config.pooling)]


def _fill(rows: Tensor, tokenizer: Tokenizer, config: EncoderConfig) -> None:
    """Copies word vectors into the rows of their tokens; the other rows are scaled to the same length."""
    if config.vectors is None:
        return
    found = dict(read_vectors(config.vectors, set(tokenizer.get_vocab()).__contains__))
    if not found:
        raise InputError(
            f"{config.vectors}: none of its words is a token of this vocabulary; use "
            f"{opt('tokenizer')} word with word vectors"
        )
    places = torch.tensor([tokenizer.token_to_id(word) for word in found])
    vectors = torch.from_numpy(np.stack(list(found.values())))
    (_, theirs), (_, ours) = vectors.shape, rows.shape
    if theirs != ours:
        raise InputError(
            f"{config.vectors}: vectors {theirs} wide, but the token table is {ours} wide "
            f"({opt('width')} or {opt('token_width')})"
        )
    scale = rows.norm(dim=1).mean() / vectors.norm(dim=1).mean().clamp(min=1e-12)
    rows[places] = vectors * scale
