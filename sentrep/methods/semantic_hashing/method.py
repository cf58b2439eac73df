"""Semantic hashing: a sentence becomes some bits, from which its words are predicted.

    b ~ Bernoulli(σ(f(x)))                       f: an MLP over the vector of any encoder
    p(w | b) = softmax(W (b + ε))_w              ε ~ N(0, code_noise²)
    L = −Σ_w tfidf_w(x) log p(w | b) + γ Σ_d KL(σ(f_d) ‖ ½) + δ Σ_d KL(mean σ(f_d) ‖ ½)

What is exported is the encoder with the MLP behind it. The signs of its vectors are the code, so an index of
the kind 'binary' keeps one bit for each dimension.

Differs from NASH:
    * The input is the vector of an encoder, which stays as it is, instead of a bag of words.
    * The noise does not depend on the data, and the term δ keeps the bits balanced.

Data: any text, in any order.

References:
    Salakhutdinov & Hinton, "Semantic hashing", IJAR 2009.
    Shen et al., "NASH: toward end-to-end neural architecture for generative semantic hashing", ACL 2018,
    section 3.2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.linear_map import with_layers
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, higher, lower
from sentrep.methods.semantic_hashing.config import SemanticHashingConfig
from sentrep.methods.semantic_hashing.words import WordTargets
from sentrep.modules.contrastive import mean_over_rows
from sentrep.modules.latent.bernoulli import BernoulliBottleneck

MONITORS = [
    Monitor(
        "bit_entropy",
        0.9,
        "below",
        "bits are 1 for nearly all or nearly no sentences (mean entropy of a bit {bit_entropy:.2f})",
        (higher("balance_weight"), lower("lr")),
    ),
    Monitor(
        "bit_correlation",
        0.3,
        "above",
        "bits repeat each other (mean absolute correlation {bit_correlation:.2f})",
        (lower("bits"), lower("lr"), higher("batch_size")),
    ),
]


class SemanticHashing(Method):
    """Layers from vectors to bits, and from bits to words.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = Usability(document_length=1)
    headline_metrics = ("bit_entropy", "distinct_codes")

    def __init__(
        self, config: SemanticHashingConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        widths = config.hidden_width, config.bits
        self.f = with_layers(make_encoder(), widths)
        # In a tuple, so that the modules are not registered twice.
        self.frozen: tuple[nn.Module, ...] = () if config.train_encoder else tuple(self.f)[: -len(widths)]
        for module in self.frozen:
            module.requires_grad_(False)
        vocab = token_table(self.f).num_embeddings
        self.bottleneck = BernoulliBottleneck(config.bits, config.code_weight, config.balance_weight)
        self.decoder = nn.Linear(config.bits, vocab)
        self.targets = WordTargets(vocab)

    def train(self, mode: bool = True) -> SemanticHashing:
        """Sets the mode of all modules; a frozen encoder stays in evaluation mode, without dropout."""
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        return self.phases

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        code = self.bottleneck(self.embed(batch), self.progress)
        targets = self.targets(batch.ids, batch.offsets)
        nll = self.word_nll(code.latent, targets)
        valid = targets.sum(1) > 0
        loss = mean_over_rows(nll + code.penalty, valid)
        metrics = {"nll": mean_over_rows(nll, valid).detach(), **code.metrics}
        return Step(loss, metrics)

    def word_nll(
        self, code: Float[Tensor, "sentence bit"], targets: Float[Tensor, "sentence vocab"]
    ) -> Float[Tensor, " sentence"]:
        """Returns −Σ_w target_w log p(w | b) in nats, with noise on the code while training."""
        if self.training and self.config.code_noise:
            code = code + self.config.code_noise * torch.randn_like(code)
        return -(targets * F.log_softmax(self.decoder(code).float(), dim=1)).sum(1)

    def encoder(self) -> Encoder:
        return self.f

    def monitors(self) -> list[Monitor]:
        return MONITORS
