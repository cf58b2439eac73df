"""A normalising flow over the vectors of an encoder, which stays as it is.

    loss = −log N(g(v); 0, I) − log |det ∂g/∂v|,     v = f(x) + noise, g invertible

The flow is a density of vectors: a calibrated measure of how unusual a text is. Its output has no direction
that all texts share. The loss is in nats for each dimension; it may be negative.

Differs from BERT-flow: the couplings scale (its released configurations only shift), the linear maps are
learnt (its are a fixed reversal), and it is fitted to training text, never to the texts of a benchmark.

Data: any text, in any order.

References:
    Li et al., "On the sentence embeddings from pre-trained language models", EMNLP 2020.
    Dinh, Sohl-Dickstein & Bengio, "Density estimation using Real NVP", ICLR 2017, section 3.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.batching import encode_tokens
from sentrep.encoders.flow import before_flow, inverse_error, with_flow
from sentrep.encoders.serialization import Encoder
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.flow.config import FlowConfig
from sentrep.methods.monitors import Monitor, lower
from sentrep.modules.contrastive import mean_over_rows

MONITORS = [
    Monitor(
        "inverse_error",
        1e-2,
        "above",
        "the flow is hardly invertible any more (error {inverse_error:.1e})",
        (lower("lr"), lower("blocks")),
    )
]


class Flow(Method):
    """A frozen encoder, and a flow over its vectors.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = Usability(document_length=1)
    headline_metrics = ("bits_per_dimension",)

    def __init__(self, config: FlowConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        affine = config.coupling == "affine"
        self.f, self.flow = with_flow(make_encoder(), config.blocks, config.coupling_width, affine)
        self.base = before_flow(self.f)

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        vectors = self.vectors(batch)
        nll = self.flow.flow.nll(self.flow.scale * vectors) / vectors.shape[1]
        loss = mean_over_rows(nll)
        metrics = {"bits_per_dimension": loss.detach() / math.log(2)}
        if not self.training:
            metrics["inverse_error"] = inverse_error(self.flow, vectors)
        return Step(loss, metrics)

    @torch.no_grad()
    def vectors(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """Returns the vectors of the frozen encoder, with noise while training."""
        self.base.eval()
        vectors = encode_tokens(self.base, batch.ids, batch.offsets, self.token_budget).float()
        if self.training and self.config.vector_noise:
            vectors = vectors + self.config.vector_noise / self.flow.scale * torch.randn_like(vectors)
        return vectors

    def encoder(self) -> Encoder:
        return self.f

    def monitors(self) -> list[Monitor]:
        return MONITORS
