"""Gives an encoder narrower vectors, with stock modules at its end."""

from __future__ import annotations

from jaxtyping import Float
from sentence_transformers.sentence_transformer.modules import Dense, LayerNorm
from torch import Tensor, nn

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


def before_projection(encoder: Encoder) -> Encoder:
    """Returns the encoder without the linear map at its end and the layer normalisation before that.

    The modules are those of the given encoder, so their weights are shared.
    """
    modules = list(encoder)[: -_projection_modules(encoder)]
    return Encoder(modules=modules, device=str(encoder.device))


def apply_projection(
    encoder: Encoder, vectors: Float[Tensor, "sentence width"]
) -> Float[Tensor, "sentence projected"]:
    """Returns what the modules that `before_projection` leaves out make of its vectors."""
    features = {"sentence_embedding": vectors}
    for module in list(encoder)[-_projection_modules(encoder) :]:
        features = module(features)
    return features["sentence_embedding"]


def _projection_modules(encoder: Encoder) -> int:
    """Number of modules of the projection: the linear map, and the layer normalisation if there is one."""
    return 2 if isinstance(list(encoder)[-2], LayerNorm) else 1
