"""Encoders of one stock table: the vector of a text is the mean of the rows of its tokens."""

from __future__ import annotations

from jaxtyping import Float
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders.serialization import Encoder


def static_encoder(tokenizer: Tokenizer, table: Float[Tensor, "vocab width"]) -> Encoder:
    """A `SentenceTransformer` of one stock `StaticEmbedding`.

    Args:
        tokenizer: gives the numbers of rows.
        table: a row for each token.
    """
    return SentenceTransformer(
        modules=[StaticEmbedding(tokenizer.inner, embedding_weights=table)], device="cpu"
    )
