"""Gives an encoder narrower vectors, with stock modules at its end."""

from __future__ import annotations

from sentence_transformers.sentence_transformer.modules import Dense, LayerNorm
from torch import nn

from sentrep.encoders.serialization import Encoder


def project(encoder: Encoder, width: int) -> Encoder:
    """Appends a layer normalisation and a linear map to an encoder, in place.

    The maps are stock modules, so the saved encoder opens with plain `SentenceTransformer`. An encoder that
    already ends with a linear map to this width is returned as it is: the encoder of a run that goes on.

    Args:
        encoder: any encoder.
        width: of the vectors afterwards.
    """
    last = list(encoder)[-1]
    if isinstance(last, Dense) and last.out_features == width:
        return encoder
    before = encoder.get_embedding_dimension()
    assert before is not None
    encoder.append(LayerNorm(before))
    encoder.append(Dense(before, width, activation_function=nn.Identity()))
    return encoder
