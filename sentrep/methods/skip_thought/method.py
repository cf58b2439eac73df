"""Skip-thought: sentence vectors from which the neighbouring sentences are generated.

An encoder turns a sentence into a vector. From that vector two decoders generate the previous and the
next sentence, word by word. The encoder learns to represent what helps the decoders (section 2.1,
equation 9):

    L = − Σ_t log P(w^t_next | w^<t_next, c_i) − Σ_t log P(w^t_previous | w^<t_previous, c_i)

The decoders have their own weights and share token embeddings and softmax. The recurrence is in
`modules.gru_decoder`.

Differs from the paper:
    * The loss is the mean over tokens instead of the sum, so that gradient clipping does not depend on
      the batch.
    * Any encoder can be used. The decoders read its vector scaled to a mean square of 1, because users
      compare exported vectors by direction.
    * In training the softmax is sampled.
    The paper's settings: samples=0, encoder="gru", bidirectional=False, pooling="last", width=2400,
    token_width=620, decoder_width=2400, decoder_token_width=620, tokenizer="word", vocab=20000, clip=10.
    Its bi-skip has bidirectional=True; its combine-skip is `sentrep.combine` of the two.

Data: documents of two or more sentences, in order.

Reference:
    "Skip-thought vectors", Kiros, Zhu, Salakhutdinov, Zemel, Torralba, Urtasun & Fidler, NIPS 2015.
"""

from __future__ import annotations

from dataclasses import replace

from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, ignored_code, lower, use
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.modules.conditional_decoder import ConditionalDecoder, Targets
from sentrep.modules.decoding import Generator
from sentrep.modules.gru_decoder import GRUDecoder
from sentrep.modules.scaling import scale_to_unit_rms

WRITES = {
    "neighbours": ("previous", "next"),
    "neighbours-and-itself": ("previous", "next", "itself"),
    "itself": ("itself",),
}


USABILITY = Usability(steps=2000, reason="readable text starts at about 2,000")
MONITORS = [ignored_code(use("condition", "every-gate"), lower("decoder_width"))]


class SkipThought(Method):
    """An encoder, and a decoder for each sentence that is generated from its vector.

    Args:
        config: settings of the method.
        make_encoder: makes the encoder.
        token_budget: tokens that are encoded at once.
    """

    usability = USABILITY
    headline_metrics = ("code_gap",)

    def __init__(
        self, config: SkipThoughtConfig, make_encoder: MakeEncoder, token_budget: int = 4096
    ) -> None:
        super().__init__()
        self.config, self.token_budget = config, token_budget
        if config.write == "itself":  # neighbours are not read
            self.usability = replace(USABILITY, document_length=1)
        self.f = make_encoder()
        width = self.f.get_embedding_dimension()
        assert width is not None
        sizes = config.decoder_token_width, config.decoder_width
        self.decoder = ConditionalDecoder(
            token_table(self.f).num_embeddings,
            *sizes,
            lambda: GRUDecoder(*sizes, width, config.condition, config.layer_norm),
            WRITES[config.write],
            config.longest,
            config.samples,
        )

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        code = self.code(batch)
        targets = {to: self.targets(batch, to) for to in self.decoder.decoders}
        scored = self.decoder(targets, code)
        metrics = {f"nll_{to}": each.mean() for to, each in scored.each.items()}
        if not self.training:  # loss with the vectors of other sentences
            metrics["code_gap"] = self.decoder(targets, code.roll(len(code) // 2, 0)).loss - scored.loss
        return Step(scored.loss, metrics)

    def targets(self, batch: SentenceBatch, to: str) -> Targets:
        """Returns the targets of a decoder, and the sentences from whose vectors they are generated."""
        first, second = batch.pairs(1 if to != "itself" else 0)
        source, target = (second, first) if to == "previous" else (first, second)
        return self.decoder.targets(batch.ids, batch.offsets, target, source)

    def code(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """Returns the input of the decoders: the sentence vectors, scaled to a mean square of 1."""
        return scale_to_unit_rms(self.embed(batch))

    def monitors(self) -> list[Monitor]:
        return MONITORS

    def generates(self) -> tuple[str, ...]:
        """Names of the decoders, the next sentence first."""
        return tuple(sorted(self.decoder.decoders, key=("next", "previous", "itself").index))

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of sentences from vectors, token by token.

        Args:
            to: the decoder: 'previous', 'next' or 'itself'.
            vectors: sentence vectors.

        Raises:
            InputError: this model has no such decoder.
        """
        return self.decoder.generator(to, scale_to_unit_rms(vectors))
