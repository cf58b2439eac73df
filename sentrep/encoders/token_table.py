"""Access to the token table and the tokenizer of an encoder."""

from __future__ import annotations

from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Transformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding, WordEmbeddings
from tokenizers import Tokenizer
from torch import nn

from sentrep.encoders.token_encoder import TokenEncoder
from sentrep.utils.errors import InputError


def token_table(encoder: SentenceTransformer) -> nn.Embedding | nn.EmbeddingBag:
    """Returns the encoder's own table, (vocab, token width): changes of its `weight` change the encoder.

    A bag in training keeps the weights of its tokens separately (`Bag.token_weight`); they are not in
    the table.

    Raises:
        InputError: the encoder has no such table, or several.
    """
    first: Any = encoder[0]
    if isinstance(first, StaticEmbedding):
        table = first.embedding
    elif isinstance(first, WordEmbeddings):
        table = first.emb_layer
    elif isinstance(first, TokenEncoder):
        table = first.table
    elif isinstance(first, Transformer):
        table = first.auto_model.get_input_embeddings()
    else:
        table = None
    if not isinstance(table, nn.Embedding | nn.EmbeddingBag):
        raise InputError(
            f"an encoder that begins with {type(first).__name__} has no token table of its own; "
            "encoders side by side have one each",
            setting="encoder",
        )
    return table


def inner_tokenizer(encoder: SentenceTransformer) -> Tokenizer:
    """Returns the object of the tokenizers library inside the encoder's tokenizer.

    Raises:
        InputError: the encoder's tokenizer is of another kind.
    """
    first: Any = encoder[0]
    tokenizer = getattr(first, "tokenizer", None)
    tokenizer = getattr(tokenizer, "tokenizer", tokenizer)
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not isinstance(tokenizer, Tokenizer):
        raise InputError(
            f"an encoder that begins with {type(first).__name__} has no one tokenizer of the "
            "tokenizers library, so it cannot be "
            "trained further or expanded",
            setting="encoder",
        )
    return tokenizer
