"""Auto-encoder: a sentence is generated from its own vector; the encoder reads it with noise.

    L = − (1 / |x|) Σ_t log p(x_t | x̄_<t, c)      c = scaled(f(x̃))

x̃ is the sentence with noise (tokens deleted, masked, substituted or moved), x̄ the input of the decoder with
hidden tokens; c has a mean square of 1. With a pretrained encoder and the decoder 'memory' this is TSDAE;
without noise, the sequence auto-encoder.

Differs from the papers:
    * TSDAE's decoder is as deep as the encoder and shares its weights; here it has layers of its own, and
      starts from the encoder's token embeddings only.
    * The loss is a mean over the tokens of a batch; in training the softmax is sampled.

Data: sentences; their order does not matter.

Reference:
    "Semi-supervised sequence learning", Dai & Le, NIPS 2015. "TSDAE: using transformer-based sequential
    denoising auto-encoder for unsupervised sentence embedding learning", Wang, Reimers & Gurevych, Findings
    of EMNLP 2021, section 3.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.data.tokenization.special import special_ids
from sentrep.encoders.serialization import Encoder
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.autoencoder.config import AutoencoderConfig
from sentrep.methods.autoencoder.monitors import MONITORS
from sentrep.methods.base import Group, MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor
from sentrep.modules.conditional_decoder import ConditionalDecoder
from sentrep.modules.decoding import Generator
from sentrep.modules.latent.bottleneck import Identity
from sentrep.modules.memory_decoder import MemoryDecoder
from sentrep.modules.noise import Noise
from sentrep.modules.reconstruction import ITSELF, gru_decoder, reconstruct
from sentrep.modules.scaling import scale_to_unit_rms

USABILITY = Usability(steps=2000, reason="readable text starts at about 2,000", document_length=1)


class Autoencoder(Method):
    """An encoder, and a decoder that generates the sentence itself.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("token_accuracy", "code_gap")

    def __init__(
        self, config: AutoencoderConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        self.f = make_encoder()
        self.noise = noise_of(config, self.f)
        self.bottleneck = Identity()
        self.decoder = decoder_for(config, self.f)

    def parameter_groups(self, phase: str) -> list[Group]:
        if self.config.decoder_lr_scale == 1:
            return super().parameter_groups(phase)
        encoder = [each for each in self.f.parameters() if each.requires_grad]
        return [Group(encoder), Group(list(self.decoder.parameters()), self.config.decoder_lr_scale)]

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        noised = self.noise.on(batch) if self.training else batch
        output = self.bottleneck(scale_to_unit_rms(self.embed(noised)), 0.0)
        return Step(*reconstruct(self.decoder, batch, output, self.config.input_dropout))

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of the sentences themselves from their vectors.

        Raises:
            InputError: `to` is not 'itself'.
        """
        return self.decoder.generator(to, scale_to_unit_rms(vectors))

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders."""
        return (ITSELF,)

    def monitors(self) -> list[Monitor]:
        return MONITORS


def noise_of(config: AutoencoderConfig, encoder: Encoder) -> Noise:
    """Returns the noise of the settings; special tokens of a pretrained tokenizer are left alone."""
    tokenizer, vocab = inner_tokenizer(encoder), token_table(encoder).num_embeddings
    names = ("[MASK]", "<mask>", "[UNK]", "<unk>")
    known = [number for name in names if (number := tokenizer.token_to_id(name)) is not None]
    fixed = tuple(sorted(special_ids(tokenizer)))
    shares = config.delete, config.mask, config.substitute
    return Noise(*shares, config.shuffle, vocab, known[0] if known else 0, fixed)


def decoder_for(config: AutoencoderConfig, encoder: Encoder) -> ConditionalDecoder:
    """Returns the decoder of the settings. 'memory' starts from the encoder's token embeddings."""
    table, width = token_table(encoder), encoder.get_embedding_dimension()
    assert width is not None
    if config.decoder == "gru":
        return gru_decoder(config, table.num_embeddings, width)
    own = table.embedding_dim
    decoder = ConditionalDecoder(
        table.num_embeddings, own, own, lambda: MemoryDecoder(own, width, config.decoder_layers), (ITSELF,),
        config.longest, config.samples, config.decoder_dropout, tied=True,
    )  # fmt: skip
    with torch.no_grad():
        decoder.vocabulary.weight[: table.num_embeddings] = table.weight
    return decoder
