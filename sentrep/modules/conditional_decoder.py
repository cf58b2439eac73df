"""Generates sentences from codes: token embeddings, one or more decoders, and the softmax over the
vocabulary.

A code is a vector for each sentence. Several decoders have their own weights and share token embeddings and
softmax. A sentence is scored in two steps: `targets` packs the tokens once, `forward` scores them given
codes, so the same targets can be scored given other codes (`code_gap`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.batch import SentenceBatch
from sentrep.modules.contrastive import row_weight
from sentrep.modules.decoding import Generator, State
from sentrep.modules.gru_decoder import START, PackedTargets, pack_targets
from sentrep.modules.softmax import VocabularySoftmax
from sentrep.utils.errors import InputError, opt

HIDDEN = -2
"""Stands for an input token that is hidden from the decoder."""


class StateDecoder(Protocol):
    """A network that turns token vectors and a code into states that predict the next tokens."""

    def __call__(
        self,
        tokens: Float[Tensor, "token token_width"],
        code: Float[Tensor, "sentence code_width"],
        active: list[int],
    ) -> Float[Tensor, "token width"]:
        """Returns the state after each token, in the order of `PackedTargets`."""

    def begin(self, code: Float[Tensor, "sentence code_width"]) -> State:
        """Returns what is carried from step to step before the first token."""

    def advance(
        self, tokens: Float[Tensor, "hypothesis token_width"], state: State
    ) -> tuple[Float[Tensor, "hypothesis width"], State]:
        """Reads one more token; returns the state that predicts the next one, and what is carried on."""


class Targets(NamedTuple):
    """The sentences that a decoder generates."""

    packing: PackedTargets
    source: Int[Tensor, " sentence"]
    """Row of the code for each sentence, in the order of the packing."""

    def hide(self, share: float) -> Targets:
        """Returns the targets with a random share of the input tokens hidden (word dropout)."""
        inputs = self.packing.inputs
        hidden = (torch.rand(len(inputs), device=inputs.device) < share) & (inputs != START)
        return self._replace(packing=self.packing._replace(inputs=inputs.masked_fill(hidden, HIDDEN)))


class Scored(NamedTuple):
    """Negative log-likelihood of the targets in nats per token."""

    loss: Float[Tensor, ""]
    each: dict[str, Float[Tensor, " token"]]
    """Values of each decoder, without gradient."""


class ConditionalDecoder(nn.Module):
    """Decoders that share token embeddings and softmax.

    Args:
        vocab: number of tokens; the id `vocab` ends a sentence.
        token_width: width of the token embeddings.
        width: width of the decoder states.
        make_decoder: makes a newly initialised `StateDecoder` at each call.
        names: of the decoders.
        longest: tokens of a sentence that are generated.
        samples: size of the sampled softmax in training; 0 uses the whole vocabulary.
        dropout: of token embeddings and states.
        tied: whether the softmax uses the token embeddings; then `token_width` is `width`.

    >>> from sentrep.modules.gru_decoder import GRUDecoder
    >>> def make_decoder() -> nn.Module:
    ...     return GRUDecoder(4, 6, 3, "every-gate", layer_norm=False)
    >>> decoder = ConditionalDecoder(10, 4, 6, make_decoder)
    >>> targets = decoder.targets(torch.tensor([1, 2]), torch.tensor([0, 2]), torch.tensor([0]))
    >>> decoder({"itself": targets}, torch.zeros(1, 3)).each["itself"].shape
    torch.Size([3])
    """

    def __init__(
        self,
        vocab: int,
        token_width: int,
        width: int,
        make_decoder: Callable[[], nn.Module],
        names: Sequence[str] = ("itself",),
        longest: int = 30,
        samples: int = 0,
        dropout: float = 0.0,
        tied: bool = False,
    ) -> None:
        super().__init__()
        self.end, self.longest = vocab, longest
        self.tokens = None if tied else nn.Embedding(vocab, token_width)
        self.decoders = nn.ModuleDict({name: make_decoder() for name in names})
        self.vocabulary = VocabularySoftmax(vocab + 1, width, samples)
        self.dropout = nn.Dropout(dropout)

    def targets(
        self,
        ids: Int[Tensor, " token"],
        offsets: Int[Tensor, " offset"],
        chosen: Int[Tensor, " sentence"],
        source: Int[Tensor, " sentence"] | None = None,
    ) -> Targets:
        """Packs sentences for teacher forcing.

        Args:
            ids: token ids of all sentences of a batch.
            offsets: where each sentence starts in `ids`, and where the last one ends.
            chosen: the sentences that are generated.
            source: row of the code of each of them; their own numbers if None.
        """
        packing = pack_targets(ids, offsets, chosen, self.end, self.longest)
        return Targets(packing, (chosen if source is None else source)[packing.order])

    def forward(self, targets: Mapping[str, Targets], code: Float[Tensor, "sentence code_width"]) -> Scored:
        """Returns the mean negative log-likelihood of all tokens of all decoders."""
        states = torch.cat([self.states(name, each, code) for name, each in targets.items()])
        wanted = torch.cat([each.packing.targets for each in targets.values()])
        weight = row_weight(torch.tensor(len(wanted), device=wanted.device))
        found = self.vocabulary(states, wanted, weight.expand(len(wanted)))
        each = found.nll.split([len(each.packing.targets) for each in targets.values()])
        return Scored(found.loss, dict(zip(targets, each, strict=True)))

    def states(
        self, name: str, targets: Targets, code: Float[Tensor, "sentence code_width"]
    ) -> Float[Tensor, "token width"]:
        """Returns the states of a decoder that predict the tokens of the targets."""
        decoder, packing = cast(StateDecoder, self.decoders[name]), targets.packing
        rows = self.dropout(self.rows(packing.inputs))
        states: Tensor = self.dropout(decoder(rows, code[targets.source], packing.active))
        return states

    def rows(self, tokens: Int[Tensor, " token"]) -> Float[Tensor, "token token_width"]:
        """Returns the token embeddings; zeros for the start of a sentence and for hidden tokens."""
        table = self.vocabulary.weight if self.tokens is None else self.tokens.weight
        return F.embedding(tokens.clamp(min=0), table) * (tokens >= 0).unsqueeze(1)

    def generator(self, name: str, code: Float[Tensor, "sentence code_width"]) -> Generator:
        """Returns what decodes one sentence from each code, token by token.

        Raises:
            InputError: there is no decoder of this name.
        """
        if name not in self.decoders:
            raise InputError(f"{opt('to')} {name}: this model generates {' and '.join(self.decoders)}")
        decoder = cast(StateDecoder, self.decoders[name])

        def advance(
            tokens: Int[Tensor, " hypothesis"] | None, state: State
        ) -> tuple[Float[Tensor, "hypothesis vocab"], State]:
            start = torch.full((len(state[0]),), START, device=state[0].device)
            hidden, state = decoder.advance(self.rows(start if tokens is None else tokens), state)
            return self.vocabulary.log_probs(hidden), state

        return Generator(advance, decoder.begin(code), self.end)


def all_targets(decoder: ConditionalDecoder, batch: SentenceBatch) -> Targets:
    """Returns every sentence of a batch as targets, each from its own code."""
    return decoder.targets(batch.ids, batch.offsets, torch.arange(len(batch), device=batch.ids.device))


def sentence_sums(
    nll: Float[Tensor, " token"], packing: PackedTargets, count: int
) -> Float[Tensor, " sentence"]:
    """Sums values of packed tokens by sentence, in the order of the sentences before packing.

    >>> ids, offsets = torch.tensor([7, 8, 9]), torch.tensor([0, 1, 3])
    >>> packed = pack_targets(ids, offsets, torch.tensor([0, 1]), end=5, longest=30)
    >>> sentence_sums(torch.ones(5), packed, 2)
    tensor([2., 3.])
    """
    sentence = torch.cat([packing.order[:active] for active in packing.active])
    return nll.new_zeros(count).index_add(0, sentence, nll)
