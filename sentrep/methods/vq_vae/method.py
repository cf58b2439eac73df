"""Auto-encoder with discrete codes.

    L = − log p(x | c) + .25 ‖h − sg(e)‖²      c = h + sg(e − h)
    h = scaled(W scaled(f(x)))      e = quantized h

h is a narrow projection of the sentence vector, sg stops the gradient. With residual quantization e is a sum
of codebook entries, one a level; with 'one-hot' it is one of K rows (clustering); with 'scalar' rounded
dimensions. A sentence has M log₂ K bits. The exported vector is f(x).

Differs from the papers:
    * Codebooks are moving averages and start from the first batch.
    * Levels are dropped from the end in training (HRQ-VAE), so a code can be cut.
    * The loss is divided by the number of tokens of the batch.

Data: sentences; their order does not matter.

Reference:
    "Neural discrete representation learning", van den Oord, Vinyals & Kavukcuoglu, NIPS 2017. "Hierarchical
    sketch induction for paraphrase generation", Hosking, Tang & Lapata, ACL 2022.
"""

from __future__ import annotations

from jaxtyping import Float, UInt8
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor
from sentrep.methods.vq_vae.config import VQVAEConfig
from sentrep.methods.vq_vae.monitors import MONITORS
from sentrep.methods.vq_vae.quantizers.base import Quantizer
from sentrep.methods.vq_vae.quantizers.gumbel import GumbelQuantizer
from sentrep.methods.vq_vae.quantizers.residual import VectorQuantizer
from sentrep.methods.vq_vae.quantizers.scalar import ScalarQuantizer
from sentrep.modules.decoding import Generator
from sentrep.modules.reconstruction import ITSELF, gru_decoder, reconstruct
from sentrep.modules.scaling import scale_to_unit_rms

USABILITY = Usability(steps=2000, reason="readable text starts at about 2,000", document_length=1)


class VQVAE(Method):
    """An encoder, a quantizer of its vectors, and a decoder that generates the sentence from the code.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("token_accuracy", "code_gap", "code_perplexity")

    def __init__(self, config: VQVAEConfig, make_encoder: MakeEncoder, token_budget: int = 4096) -> None:
        super().__init__()
        self.config, self.token_budget, self.progress = config, token_budget, 0.0
        self.f = make_encoder()
        width = self.f.get_embedding_dimension()
        assert width is not None
        self.project = nn.Linear(width, config.code_width)
        self.bottleneck = quantizer_of(config)
        self.decoder = gru_decoder(config, token_table(self.f).num_embeddings, config.code_width)

    def active_phases(self, progress: float) -> tuple[str, ...]:
        self.progress = progress
        return self.phases

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        output = self.bottleneck(self.narrow(self.embed(batch)), self.progress)
        return Step(*reconstruct(self.decoder, batch, output, self.config.input_dropout))

    def narrow(self, vectors: Float[Tensor, "sentence width"]) -> Float[Tensor, "sentence code_width"]:
        """Returns what is quantized."""
        return scale_to_unit_rms(self.project(scale_to_unit_rms(vectors)).float())

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of the sentences themselves from the codes of their vectors."""
        return self.decoder.generator(to, self.bottleneck.mode(self.narrow(vectors)))

    def pack(self, vectors: Float[Tensor, "sentence width"]) -> UInt8[Tensor, "sentence byte"]:
        """Returns the code of each vector, a byte for each number."""
        return self.bottleneck.pack(self.narrow(vectors))

    def packed_generator(self, packed: UInt8[Tensor, "sentence byte"]) -> Generator:
        """Returns a generator of the sentences themselves from their codes."""
        return self.decoder.generator(ITSELF, self.bottleneck.unpack(packed))

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders."""
        return (ITSELF,)

    def monitors(self) -> list[Monitor]:
        return MONITORS


def quantizer_of(config: VQVAEConfig) -> Quantizer:
    """Returns the quantizer of the settings."""
    width = config.code_width
    if config.quantizer == "one-hot":
        return GumbelQuantizer(width, config.codebook_size)
    if config.quantizer == "scalar":
        return ScalarQuantizer(width, config.scalars)
    sizes = config.code_levels, config.codebook_size
    return VectorQuantizer(width, *sizes, config.commitment, config.codebook_decay, config.level_dropout)
