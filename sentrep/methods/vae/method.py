"""Variational auto-encoder of sentences.

    L = E_q(z|x) [ − log p(x | z) ] + β Σ_d max( λ, KL_d )      q(z | x) = N( μ(x), σ²(μ(x)) )

KL_d is the mean over the batch of ½ (μ² + σ² − 1 − log σ²) in dimension d, and λ are the free bits of a
dimension. For β ≥ 1, −L is a lower bound of the log-likelihood. The exported vector is μ.

In validation z = μ and β = 1 without free bits in L, in pre-training too; `choose_by="loss"` compares this,
which is no bound.
`nll_sentence` is −log p(x | z) of a draw of q(z | x) and the KL divergence: an upper bound of − log p(x).

Differs from the papers:
    * μ is a linear map of the encoder's vector after layer normalisation; σ is computed from μ.
    * The code enters every gate of the decoder at every step.
    * Pre-training (`pretrain_share`) has no penalty; the state of the optimiser is kept when the decoder is
      initialised anew.
    * The loss is divided by the number of tokens of the batch, KL and log-likelihood alike.

Data: sentences; their order does not matter.

Reference:
    "Auto-encoding variational Bayes", Kingma & Welling, ICLR 2014, appendix B. "Generating sentences from a
    continuous space", Bowman et al., CoNLL 2016. "A surprisingly effective fix for deep latent variable
    modeling of text", Li et al., EMNLP 2019 (free bits of the batch mean).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.projection import project
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor
from sentrep.methods.vae.config import VAEConfig
from sentrep.methods.vae.monitors import MONITORS
from sentrep.modules.decoding import Generator
from sentrep.modules.latent.bottleneck import Bottleneck, BottleneckOutput, Identity
from sentrep.modules.latent.gaussian import GaussianBottleneck, log_density_ratio
from sentrep.modules.random_state import seeded
from sentrep.modules.reconstruction import ITSELF, gru_decoder, reconstruct, sentence_nll

RESET_SEED = 1
"""Seed of the weights of the decoder after pre-training."""
USABILITY = Usability(steps=2000, reason="readable text starts at about 2,000", document_length=1)


class VariationalAutoencoder(Method):
    """An encoder whose vectors are means of codes, and a decoder that generates the sentence from a code.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("nll_sentence", "kl", "active_units", "code_gap")
    reinitialised = ("decoder_is_new",)
    bottleneck: Bottleneck
    decoder_is_new: Tensor

    def __init__(self, config: VAEConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        self.f, width = make_encoder(), config.latent_width
        if width:
            self.f = project(self.f, width)
            self.bottleneck = GaussianBottleneck(width, config.kl_warmup, config.kl_weight, config.free_bits)
        else:
            self.f.requires_grad_(False)
            self.bottleneck = Identity()
        self.decoder = gru_decoder(config, token_table(self.f).num_embeddings, width)
        if config.pretrain_share:
            self.register_buffer("decoder_is_new", torch.zeros((), dtype=torch.bool))

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        if self.pretraining:
            self.decoder_is_new.fill_(False)  # it is True in a run that starts from a finished one
        elif self.config.pretrain_share and not self.decoder_is_new:
            self.reset_decoder()
        return self.phases

    @property
    def pretraining(self) -> bool:
        """Whether only the likelihood counts."""
        return self.progress < self.config.pretrain_share

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        code, pretraining = self.code(self.embed(batch)), self.pretraining and self.training
        output = self.autoencoder(code) if pretraining else self.bottleneck(code, self.warmup_progress)
        return Step(*reconstruct(self.decoder, batch, output, self.config.input_dropout))

    def autoencoder(self, code: Float[Tensor, "sentence latent"]) -> BottleneckOutput:
        """Returns the mean of the code without a penalty."""
        return BottleneckOutput(self.bottleneck.mode(code), code.new_zeros(len(code)), {})

    @property
    def warmup_progress(self) -> float:
        """How much of the run after pre-training is done."""
        share = self.config.pretrain_share
        return self.progress if not share else (self.progress - share) / max(1 - share, 1e-9)

    def reset_decoder(self) -> None:
        """Gives the decoder new random weights, the same in all processes."""
        width = self.config.latent_width
        with seeded(RESET_SEED):
            new = gru_decoder(self.config, token_table(self.f).num_embeddings, width)
        self.decoder.load_state_dict(new.state_dict())
        self.decoder_is_new.fill_(True)

    def code(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence latent"]:
        """Returns the vectors; nothing of them in a language model."""
        return vectors if self.config.latent_width else vectors[:, :0]

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of the sentences themselves from the means of their codes."""
        return self.decoder.generator(to, self.code(vectors))

    def pack(self, vectors: Float[Tensor, "sentence width"]) -> UInt8[Tensor, "sentence byte"]:
        """Returns codes of 0 bytes for a language model.

        Raises:
            InputError: this model has a code, which is not discrete.
        """
        if self.config.latent_width:
            return self.bottleneck.pack(vectors)
        return vectors[:, :0].to(torch.uint8)

    def packed_generator(self, packed: UInt8[Tensor, "sentence byte"]) -> Generator:
        """Returns a generator of sentences from codes of 0 bytes."""
        return self.decoder.generator(ITSELF, packed.float())

    def sample_prior(self, count: int) -> Float[Tensor, "count width"]:
        """Draws vectors from N(0, 1), from torch's generator."""
        if not self.config.latent_width:
            width = self.f.get_embedding_dimension()
            assert width is not None
            return torch.zeros(count, width)
        return self.bottleneck.sample_prior(count)

    @torch.no_grad()
    def nll(self, batch: SentenceBatch) -> Float[Tensor, " sentence"]:
        """Returns − log 1/K Σ_k p(x | z_k) p(z_k) / q(z_k | x) of each sentence: an upper bound of the
        negative log-likelihood, the tighter the more samples.

        Reference:
            "Importance weighted autoencoders", Burda et al., ICLR 2016, equation 8.
        """
        code = self.code(self.embed(batch))
        if not isinstance(self.bottleneck, GaussianBottleneck):
            return sentence_nll(self.decoder, batch, code)
        posterior, draws = self.bottleneck.posterior(code), []
        for _ in range(self.config.validation_samples):
            sample = posterior.sample()
            draws.append(log_density_ratio(posterior, sample) - sentence_nll(self.decoder, batch, sample))
        return math.log(len(draws)) - torch.stack(draws).logsumexp(0)

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders."""
        return (ITSELF,)

    def monitors(self) -> list[Monitor]:
        return MONITORS if self.config.latent_width else []
