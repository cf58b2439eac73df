"""A normalising flow as the last module of an encoder. It is no stock module: `sentrep.load` opens it."""

from __future__ import annotations

from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import Tensor

from sentrep.encoders.saved_module import SavedModule
from sentrep.modules.latent.coupling import CouplingFlow


class Flow(SavedModule):
    """Maps sentence vectors to a space where they are distributed as a standard normal variable.

    Args:
        width: of the vectors.
        blocks: of the flow.
        hidden_width: of the networks of its couplings.
        affine: whether couplings scale.
        scale: by which vectors are multiplied first, so that components are of the order of 1.
    """

    config_keys = ("width", "blocks", "hidden_width", "affine", "scale")

    def __init__(self, width: int, blocks: int, hidden_width: int, affine: bool, scale: float) -> None:
        super().__init__()
        self.width, self.blocks, self.hidden_width = width, blocks, hidden_width
        self.affine, self.scale = affine, scale
        self.flow = CouplingFlow(width, blocks, hidden_width, affine)

    def forward(self, features: Any, **_: Any) -> Any:
        features["sentence_embedding"] = self.flow(self.scale * features["sentence_embedding"]).vectors
        return features

    def get_embedding_dimension(self) -> int:
        return self.width


def with_flow(
    encoder: SentenceTransformer, blocks: int, hidden_width: int, affine: bool
) -> tuple[SentenceTransformer, Flow]:
    """Returns the encoder with a flow behind its own modules, and that flow, the only part with gradients.

    An encoder that already ends with a flow of these settings is returned as it is: the encoder of a run
    that goes on.
    """
    width = encoder.get_embedding_dimension()
    assert width is not None
    last = list(encoder)[-1]
    wanted = blocks, hidden_width, affine
    if isinstance(last, Flow) and (last.blocks, last.hidden_width, last.affine) == wanted:
        flow = last
    else:
        flow = Flow(width, blocks, hidden_width, affine, scale=width**0.5)
        encoder = SentenceTransformer(modules=[*encoder, flow], device=str(encoder.device))
    before_flow(encoder).requires_grad_(False)
    return encoder, flow


def before_flow(encoder: SentenceTransformer) -> SentenceTransformer:
    """Returns the encoder without its last module. The other modules are shared."""
    return SentenceTransformer(modules=list(encoder)[:-1], device=str(encoder.device))


@torch.no_grad()
def inverse_error(flow: Flow, vectors: Tensor) -> Tensor:
    """Largest absolute difference between vectors and what the inverse makes of their images."""
    scaled = flow.scale * vectors
    return (flow.flow.inverse(flow.flow(scaled).vectors) - scaled).abs().max()
