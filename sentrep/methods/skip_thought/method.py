"""Skip-thought: "Skip-thought vectors", Kiros, Zhu, Salakhutdinov, Zemel, Torralba, Urtasun & Fidler, NIPS
2015.

A sentence is known by its surroundings. An encoder turns it into a vector, and from that vector two decoders
write the sentence before it and the one after it, word by word. What helps them to do so is what the vector
learns to say.

    L = − Σ_t log P(w^t_next | w^<t_next, c_i) − Σ_t log P(w^t_previous | w^<t_previous, c_i)

This is equation 9 (section 2.1).

The decoders have their own weights; token rows and softmax they share. `modules.gru_decoder` has the
recurrence.

Differs from the paper: the mean over tokens is minimised, not their sum, so that clipping bites only where it
should; any encoder will do, and the code is its vector scaled to a mean square of 1, because what is exported
is used by its direction; in training the softmax compares with a sample of the vocabulary. The paper itself:
``--samples 0 --encoder gru --no-bidirectional --pooling last --width 2400 --token-width 620 --decoder-width
2400 --decoder-token-width 620 --tokenizer word --vocab 20000 --clip 10``; its bi-skip has
``--bidirectional``, its combine-skip is `sentrep combine` of the two.

Wants documents of two or more sentences, in order.
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
    """An encoder, and a decoder for each sentence that is written from its vector."""

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
        if not self.training:  # would the vector of a sentence from elsewhere do as well?
            metrics["code_gap"] = self.write(drafts, code.roll(len(code) // 2, 0)).loss - outcome.loss
        return Step(outcome.loss, metrics)

    def draft(self, batch: SentenceBatch, to: str) -> Draft:
        """The sentences that `to` writes, and those that they are written from."""
        first, second = batch.pairs(1 if to != "itself" else 0)
        source, target = (second, first) if to == "previous" else (first, second)
        packing = pack_targets(batch.ids, batch.offsets, target, self.end, self.config.longest)
        return Draft(packing, source[packing.order])

    def write(self, drafts: Mapping[str, Draft], code: Float[Tensor, "sentence width"]) -> Written:
        """Mean negative log-likelihood of all tokens that all decoders write, each sentence from its row of
        `code`."""
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
        """What the decoders read of each token; zeros before the first one."""
        return self.tokens(tokens.clamp(min=0)) * (tokens != START).unsqueeze(1)  # type: ignore[no-any-return]

    def code(self, batch: SentenceBatch) -> Float[Tensor, "sentence width"]:
        """What the decoders are given: the sentences' vectors, scaled to a mean square of 1."""
        return scale_to_unit_rms(self.embed(batch))

    def monitors(self) -> list[Monitor]:
        return MONITORS

    def generator(self, to: str, vectors: Float[Tensor, "sentence width"]) -> Generator:
        """What writes a sentence from each vector, token by token.

        Raises:
            InputError: this model has no decoder for that.
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
    """What one decoder has to write."""

    packing: PackedTargets
    source: Int[Tensor, " sentence"]
    """The sentence whose vector each is written from, in the packing's order."""


class Written(NamedTuple):
    """How likely what was to be written is, in nats a token."""

    loss: Float[Tensor, ""]
    each: dict[str, Float[Tensor, " token"]]
    """By decoder, without gradient."""
