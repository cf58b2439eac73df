"""Transformers trained from random weights, with each way to encode the positions of tokens.

All are layers of the same form: self-attention and a network of one hidden layer, each followed by a residual
connection and layer normalisation. They differ in where a position enters:

    learned      a learned row for each position is added to the token's row
    sinusoidal   p_2i = sin(k / 10000^(2i/d)), p_2i+1 = cos(k / 10000^(2i/d)) is added; never trained
    relative     a learned bias b[bucket(j − i)] for each head is added to the score of key j for query i
    rotary       queries and keys of position k are rotated by k · 10000^(−2i/d), pair by pair
    alibi        −m_h |i − j| is added to the score, with a fixed slope m_h for each head
    none         the order of the tokens has no influence

Stock architectures compute all but 'alibi': DistilBERT (learned, sinusoidal, none), MPNet (relative), and
that of Jina embeddings v3 (rotary). These models open with plain `SentenceTransformer`.

References:
    "Attention is all you need", Vaswani et al. 2017, section 3.5 (sinusoidal).
    "Exploring the limits of transfer learning with a unified text-to-text transformer", Raffel et al. 2020,
    section 2.1 (relative).
    "RoFormer: enhanced transformer with rotary position embedding", Su et al. 2021, section 3.2 (rotary).
    "Train short, test long: attention with linear biases enables input length extrapolation", Press et al.
    2022, section 3 (alibi).
"""

from __future__ import annotations

import tempfile
from typing import Any

import torch
from sentence_transformers.base.modules import Transformer
from tokenizers import Tokenizer
from torch import nn
from transformers import (
    DistilBertConfig,
    DistilBertModel,
    JinaEmbeddingsV3Config,
    JinaEmbeddingsV3Model,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from sentrep.encoders import serialization as folder
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.token_encoder import special_tokens
from sentrep.utils.errors import InputError, opt

READABLE = 512
"""Tokens that a model without learned rows of positions can read at least, whatever it is trained with."""
ROTARY_BASE = 10_000.0
MPNET_OFFSET = 2
"""MPNet counts positions from 2."""


def transformer(config: EncoderConfig, tokenizer: Tokenizer, vocab: int, max_tokens: int) -> Transformer:
    """Returns a stock transformer with random weights.

    The stock module opens from a folder only, so the initial weights are saved to a temporary one.

    Raises:
        InputError: the tokenizer has no token to pad with.
    """
    special = special_tokens(tokenizer)
    if "pad_token" not in special:
        raise InputError(
            "the tokenizer has no token to pad with ([PAD] or <pad>), which a transformer needs; "
            f"use another {opt('tokenizer')}"
        )
    pad = tokenizer.token_to_id(special["pad_token"])
    assert pad is not None
    model = MODELS[config.positions](config, vocab, max_tokens, pad)
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=max_tokens, **special)
    with tempfile.TemporaryDirectory() as scratch, folder.quiet():
        model.save_pretrained(scratch)
        words.save_pretrained(scratch)
        made = Transformer(scratch, max_seq_length=max_tokens, model_kwargs={"dtype": torch.float32})
    fix_positions(made.auto_model)
    for name, weight in made.auto_model.named_parameters():
        if name.startswith("pooler."):  # no vector depends on it
            weight.requires_grad_(False)
    return made


@torch.no_grad()
def fix_positions(model: PreTrainedModel) -> None:
    """Keeps rows of positions that are sinusoids or zeros as they are in further training.

    A folder does not say which weights are trained, so this is done whenever a model is opened for training.
    MPNet takes token 1 for padding and would never train its row; here another token may be the padding.
    """
    embeddings: Any = getattr(model, "embeddings", None)
    rows: Any = getattr(embeddings, "position_embeddings", None)
    if rows is None:
        return
    if getattr(model.config, "sinusoidal_pos_embds", False) or not rows.weight.any():
        rows.requires_grad_(False)
        if isinstance(model, MPNetModel) and model.config.pad_token_id != 1:
            embeddings.word_embeddings.padding_idx = None


def distilbert(config: EncoderConfig, vocab: int, max_tokens: int, pad: int) -> PreTrainedModel:
    """Returns DistilBERT: BERT without pooler and segment embeddings.

    Beside sinusoids, rows of tokens start with a standard deviation of 1 (Vaswani et al. 2017, section 3.4:
    rows are multiplied by √d); with that of BERT, .02, the sinusoids would hide the tokens.
    """
    learned = config.positions == "learned"
    model = DistilBertModel(
        DistilBertConfig(
            vocab_size=vocab,
            dim=config.width,
            n_layers=config.depth,
            n_heads=config.heads,
            hidden_dim=4 * config.width,
            max_position_embeddings=max_tokens if learned else max(max_tokens, READABLE),
            dropout=config.dropout,
            attention_dropout=config.dropout,
            pad_token_id=pad,
            **({"sinusoidal_pos_embds": True} if config.positions == "sinusoidal" else {}),
        )
    )
    if config.positions == "sinusoidal":
        words = model.embeddings.word_embeddings.weight
        nn.init.normal_(words)
        with torch.no_grad():
            words[pad] = 0.0
    if config.positions == "none":
        nn.init.zeros_(model.embeddings.position_embeddings.weight)
    return model


def mpnet(config: EncoderConfig, vocab: int, max_tokens: int, pad: int) -> PreTrainedModel:
    """Returns MPNet with relative positions alone: its rows of absolute positions are zeros.

    Distances are divided into 32 buckets, 16 in each direction: 0 to 7 one by one, then in logarithmic steps
    up to 128, beyond which all distances are equal.
    """
    model = MPNetModel(
        MPNetConfig(
            **_sizes(config, vocab, pad), max_position_embeddings=_readable(max_tokens) + MPNET_OFFSET
        )
    )
    nn.init.zeros_(model.embeddings.position_embeddings.weight)
    if pad != 1 and vocab > 1:  # the row that MPNet takes for that of padding
        nn.init.normal_(model.embeddings.word_embeddings.weight[1], std=0.02)
    return model


def jina(config: EncoderConfig, vocab: int, max_tokens: int, pad: int) -> PreTrainedModel:
    """Returns the architecture of Jina embeddings v3: BERT with rotary positions; it reads any length."""
    rotary = {"rope_type": "default", "rope_theta": ROTARY_BASE}
    return JinaEmbeddingsV3Model(
        JinaEmbeddingsV3Config(
            **_sizes(config, vocab, pad),
            max_position_embeddings=_readable(max_tokens),
            type_vocab_size=1,
            rope_parameters=rotary,
        )
    )


MODELS = {
    "learned": distilbert,
    "sinusoidal": distilbert,
    "none": distilbert,
    "relative": mpnet,
    "rotary": jina,
}
"""Stock architecture of each kind of positions."""


def _readable(max_tokens: int) -> int:
    return max(max_tokens, READABLE)


def _sizes(config: EncoderConfig, vocab: int, pad: int) -> dict[str, Any]:
    """Settings by the names that most architectures share."""
    return {
        "vocab_size": vocab,
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": 4 * config.width,
        "hidden_dropout_prob": config.dropout,
        "attention_probs_dropout_prob": config.dropout,
        "layer_norm_eps": 1e-12,
        "pad_token_id": pad,
    }
