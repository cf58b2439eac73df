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

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, cast

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.encoders.token_table import token_table
from sentrep.methods.base import MakeEncoder, Method, Step, Usability
from sentrep.methods.monitors import Monitor, higher, lower, use
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.modules.contrastive import row_weight
from sentrep.modules.decoding import Generator, State
from sentrep.modules.gru_decoder import START, GRUDecoder, PackedTargets, pack_targets
from sentrep.modules.scaling import scale_to_unit_rms
from sentrep.modules.softmax import VocabularySoftmax
from sentrep.utils.errors import InputError, opt

WRITES = {
    "neighbours": ("previous", "next"),
    "neighbours-and-itself": ("previous", "next", "itself"),
    "itself": ("itself",),
}


USABILITY = Usability(steps=2000, reason="readable text starts at about 2,000")
MONITORS = [
    Monitor(
        "code_gap",
        0.02,
        "below",
        "the decoder does not use the vector: that of another sentence costs it only "
        "{code_gap:.3f} nats a token",
        (higher("epochs"), higher("lr"), use("condition", "every-gate"), lower("decoder_width")),
    )
]


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
        self.end = token_table(self.f).num_embeddings
        self.tokens = nn.Embedding(self.end, config.decoder_token_width)
        self.decoders = nn.ModuleDict(
            {
                to: GRUDecoder(
                    config.decoder_token_width,
                    config.decoder_width,
                    width,
                    config.condition,
                    config.layer_norm,
                )
                for to in WRITES[config.write]
            }
        )
        self.vocabulary = VocabularySoftmax(self.end + 1, config.decoder_width, config.samples)

    def forward(self, batch: SentenceBatch, phase: str) -> Step:
        code = self.code(batch)
        drafts = {to: self.draft(batch, to) for to in self.decoders}
        outcome = self.write(drafts, code)
        metrics = {f"nll_{to}": each.mean() for to, each in outcome.each.items()}
        if not self.training:  # loss with the vectors of other sentences
            metrics["code_gap"] = self.write(drafts, code.roll(len(code) // 2, 0)).loss - outcome.loss
        return Step(outcome.loss, metrics)

    def draft(self, batch: SentenceBatch, to: str) -> Draft:
        """Returns the targets of a decoder, and the sentences from whose vectors they are generated."""
        first, second = batch.pairs(1 if to != "itself" else 0)
        source, target = (second, first) if to == "previous" else (first, second)
        packing = pack_targets(batch.ids, batch.offsets, target, self.end, self.config.longest)
        return Draft(packing, source[packing.order])

    def write(self, drafts: Mapping[str, Draft], code: Float[Tensor, "sentence width"]) -> Written:
        """Returns the mean negative log-likelihood of all tokens of all decoders; each sentence is
        generated from its row of `code`."""
        states = [
            cast(GRUDecoder, self.decoders[to])(
                self.rows(draft.packing.inputs), code[draft.source], draft.packing.active
            )
            for to, draft in drafts.items()
        ]
        targets = torch.cat([draft.packing.targets for draft in drafts.values()])
        weight = row_weight(torch.tensor(len(targets), device=targets.device))
        outcome = self.vocabulary(torch.cat(states), targets, weight.expand(len(targets)))
        each = outcome.nll.split([len(draft.packing.targets) for draft in drafts.values()])
        return Written(outcome.loss, dict(zip(drafts, each, strict=True)))

    def rows(self, tokens: Int[Tensor, " token"]) -> Float[Tensor, "token token_width"]:
        """Returns the token embeddings of the decoders; zeros for the start token."""
        return self.tokens(tokens.clamp(min=0)) * (tokens != START).unsqueeze(1)  # type: ignore[no-any-return]

    def code(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """Returns the input of the decoders: the sentence vectors, scaled to a mean square of 1."""
        return scale_to_unit_rms(self.embed(batch))

    def monitors(self) -> list[Monitor]:
        return MONITORS

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """Returns a generator of sentences from vectors, token by token.

        Args:
            to: the decoder: 'previous', 'next' or 'itself'.
            vectors: sentence vectors.

        Raises:
            InputError: this model has no such decoder.
        """
        if to not in self.decoders:
            raise InputError(f"{opt('to')} {to}: this model writes {' and '.join(self.decoders)}")
        decoder = cast(GRUDecoder, self.decoders[to])
        begin, gates = decoder.initial_state(scale_to_unit_rms(vectors))

        def advance(
            tokens: Int[Tensor, " hypothesis"] | None, state: State
        ) -> tuple[Float[Tensor, "hypothesis vocab"], State]:
            hidden, *always = state
            last = torch.full((len(hidden),), START, device=hidden.device) if tokens is None else tokens
            given = decoder.token_gates(self.rows(last))
            hidden = decoder.step(given + always[0] if always else given, hidden)
            return self.vocabulary.log_probs(hidden), (hidden, *always)

        return Generator(advance, (begin,) if gates is None else (begin, gates), self.end)


class Draft(NamedTuple):
    """The targets of one decoder."""

    packing: PackedTargets
    source: Int[Tensor, " sentence"]
    """Index of the sentence whose vector is used for each target, in the order of the packing."""


class Written(NamedTuple):
    """Negative log-likelihood of the targets in nats per token."""

    loss: Float[Tensor, ""]
    each: dict[str, Float[Tensor, " token"]]
    """Values of each decoder, without gradient."""
