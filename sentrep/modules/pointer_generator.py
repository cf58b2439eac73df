"""A pointer-generator: a decoder that at each step writes a word of its own or copies one of the source.

    e_i = v · tanh(W_h h_i + W_s s + w_c c_i + b)      a = softmax(e)      h* = Σ a_i h_i      c' = c + a
    P(w) = p_gen P_vocab(w) + (1 − p_gen) Σ_{i: x_i = w} a_i      p_gen = σ(w_h* · h* + w_s · s + w_x · x + b)

"Get to the point: summarization with pointer-generator networks", See, Liu & Manning, ACL 2017, sections 2.1
to 2.3, with GRUs in place of LSTMs. The state s depends on the words before and not on what was attended to,
as in the paper's equations (the released code feeds the context back). So the recurrence over a known text
runs at once, and only coverage c goes step by step.

Token ids are ordered by frequency. The decoder generates the first `shortlist` of them, the end of the text,
or any of the rest, one of which is then as likely as another. Any id of the source can be copied. So a rare
name costs no row of the softmax, and yet every text has a likelihood: to have a rare name in the source is
worth what it costs to guess it. A piece of a word is copied only right after the piece before it, if the
method says which that is: otherwise words are put together of pieces of others."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.sequence import reorder, reversal

ANYTHING = -1
TINY = 1e-30
"""In place of a probability of zero whose logarithm is taken but does not count."""


class Memory(NamedTuple):
    """A source as it is attended to and copied from. All its parts are rows of texts, so a beam can carry
    them along."""

    states: Float[Tensor, "text position memory_width"]
    keys: Float[Tensor, "text position width"]
    """W_h h + b, the same at every step."""
    ids: Int[Tensor, "text position"]
    """What is copied from each position."""
    alive: Bool[Tensor, "text position"]
    follows: Int[Tensor, "text position"]
    """Which token has to stand right before it where it is copied to; `ANYTHING`, if it may come after
    any."""


class State(NamedTuple):
    """What a decoder carries from step to step."""

    hidden: Float[Tensor, "text width"]
    coverage: Float[Tensor, "text position"]
    """How much attention each position has had so far."""


class Outcome(NamedTuple):
    """What the decoder would write at each step, before any softmax over words."""

    features: Float[Tensor, "text step width"]
    """V [s, h*] + b, from which words are generated."""
    attention: Float[Tensor, "text step position"]
    copied: Float[Tensor, "text step position"]
    """The same among what may be copied."""
    switch: Float[Tensor, "text step"]
    """Logit of p_gen."""
    repeated: Float[Tensor, "text step"]
    """Coverage loss Σ min(a_i, c_i) (section 2.3, equation 12): attention to where attention has been."""


class PointerDecoder(nn.Module):
    """Writes texts from a memory.

        memory = decoder.remember(reader(source, alive), ids, alive)
        outcome, state = decoder(tokens_before, decoder.begin(memory), memory)
        decoder.log_probability(outcome, memory, targets, written)

    Args:
        vocab: token ids there are; the end of a text has the id `vocab`.
        shortlist: so many of the first ids have a row of the softmax each.
        token_width: of the vectors that it reads at each step: of the last token, and whatever the method
            puts beside it.
        width: of its states and of the attention.
        memory_width: of the states that it attends to.
        coverage: whether attention knows where it has been.
    """

    def __init__(
        self,
        vocab: int,
        shortlist: int,
        token_width: int,
        width: int,
        memory_width: int,
        coverage: bool = True,
    ) -> None:
        super().__init__()
        self.end, self.shortlist = vocab, min(shortlist, vocab)
        self.rest = vocab - self.shortlist
        self.first = nn.Linear(memory_width, width)
        self.cell = nn.GRU(token_width, width, batch_first=True)
        self.key = nn.Linear(memory_width, width)
        self.query = nn.Linear(width, width, bias=False)
        self.score = nn.Parameter(torch.empty(width).uniform_(-0.1, 0.1))
        self.covered = nn.Parameter(torch.zeros(width)) if coverage else None
        self.readout = nn.Linear(width + memory_width, width)
        self.words = nn.Linear(width, self.shortlist + 1 + (self.rest > 0))
        self.switch = nn.Linear(memory_width + width + token_width, 1)

    def remember(
        self,
        states: Float[Tensor, "text position memory_width"],
        ids: Int[Tensor, "text position"],
        alive: Bool[Tensor, "text position"],
        follows: Int[Tensor, "text position"] | None = None,
    ) -> Memory:
        """A source that was read, ready to be written from."""
        return Memory(
            states,
            self.key(states),
            ids,
            alive,
            torch.full_like(ids, ANYTHING) if follows is None else follows,
        )

    def begin(self, memory: Memory) -> State:
        """Before the first step: the mean of what was read, and attention to nothing."""
        mean = memory.states.sum(1) / memory.alive.sum(1, keepdim=True).clamp(min=1)
        return State(torch.tanh(self.first(mean)), torch.zeros_like(memory.alive, dtype=torch.float32))

    def forward(
        self,
        tokens: Float[Tensor, "text step token_width"],
        state: State,
        memory: Memory,
        before: Int[Tensor, "text step"] | None = None,
    ) -> tuple[Outcome, State]:
        """One step or many: what would be written after each of the tokens, and the state after the last.

        A known text in one call costs much less than step by step. Beyond its end a text may be padded with
        anything.

        Args:
            before: ids of those tokens; without them anything may be copied at any step.
        """
        hidden, last = self.cell(tokens, state.hidden.to(tokens.dtype).unsqueeze(0))
        attention = self.attend(self.query(hidden), state.coverage, memory)
        covered = state.coverage.unsqueeze(1) + attention.cumsum(1)
        context = attention.to(memory.states.dtype) @ memory.states
        features = self.readout(torch.cat([hidden, context], 2))
        switch = self.switch(torch.cat([context, hidden, tokens], 2)).squeeze(2).float()
        copied = attention
        if before is not None:
            follows = memory.follows.unsqueeze(1)
            copied = attention * ((follows == ANYTHING) | (follows == before.unsqueeze(2)))
            copied = copied / copied.sum(2, keepdim=True).clamp(min=TINY)
        switch = switch.masked_fill(copied.sum(2) == 0, torch.inf)  # where nothing may be copied
        repeated = torch.minimum(attention, covered - attention).sum(2)
        return Outcome(features, attention, copied, switch, repeated), State(last.squeeze(0), covered[:, -1])

    def attend(
        self,
        queries: Float[Tensor, "text step width"],
        coverage: Float[Tensor, "text position"],
        memory: Memory,
    ) -> Float[Tensor, "text step position"]:
        """How much each position is attended to at each step: at once, or one after the other where it
        depends on coverage."""
        if self.covered is None:
            return self.weigh(memory.keys.unsqueeze(1) + queries.unsqueeze(2), memory.alive)
        weights = []
        for query in queries.unsqueeze(2).unbind(1):
            # [c_i, 1] · [w_c; W_s s]: one product, whose gradient makes no tensor of this size
            seen, asked = (
                coverage.to(query.dtype),
                torch.cat([self.covered.to(query.dtype).expand_as(query), query], 1),
            )
            energy = torch.baddbmm(memory.keys, torch.stack([seen, torch.ones_like(seen)], 2), asked)
            weights.append(self.weigh(energy.unsqueeze(1), memory.alive))
            coverage = coverage + weights[-1].squeeze(1)
        return torch.cat(weights, 1)

    def weigh(
        self, energy: Float[Tensor, "text step position width"], alive: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text step position"]:
        """v · tanh(energy), as shares."""
        scores, alive = (energy.tanh_() @ self.score.to(energy.dtype)).float(), alive.unsqueeze(1)
        return scores.masked_fill(~alive, torch.finfo(scores.dtype).min).softmax(2) * alive

    def log_probability(
        self,
        outcome: Outcome,
        memory: Memory,
        targets: Int[Tensor, "text step"],
        alive: Bool[Tensor, "text step"],
    ) -> Float[Tensor, "text step"]:
        """Of given words, in nats; 0 for those beyond the end of a text, which are not `alive`. No row as
        long as the vocabulary is made."""
        column = targets.where(targets < self.shortlist, self.shortlist + 1).where(
            targets != self.end, self.shortlist
        )
        generated = -F.cross_entropy(
            self.words(outcome.features[alive]).float(), column[alive], reduction="none"
        )
        generated = generated - math.log(max(1, self.rest)) * (column[alive] > self.shortlist)
        copied = (outcome.copied * (memory.ids.unsqueeze(1) == targets.unsqueeze(2))).sum(2)[alive]
        switch = outcome.switch[alive]
        told = torch.logaddexp(
            F.logsigmoid(switch) + generated, F.logsigmoid(-switch) + copied.clamp(min=TINY).log()
        )
        return torch.zeros_like(outcome.switch).masked_scatter(alive, told)

    def probabilities(self, outcome: Outcome, memory: Memory) -> Float[Tensor, "text step vocab_and_end"]:
        """Of every word and, last, of the end; they sum to one. For sampling, greedy and beam search, and
        soft words."""
        own = outcome.switch.sigmoid().unsqueeze(2)
        listed, end, *rest = (own * self.words(outcome.features).float().softmax(2)).split(
            [self.shortlist, 1, *[1] * (self.rest > 0)], 2
        )
        unlisted = [each.expand(-1, -1, self.rest) / self.rest for each in rest]
        copied = (1 - own) * outcome.copied
        return torch.cat([listed, *unlisted, end], 2).scatter_add_(
            2, memory.ids.unsqueeze(1).expand_as(copied), copied
        )


class Reader(nn.Module):
    """A bidirectional GRU over token vectors, which may be rows of a table, soft, or straight-through.

    Args:
        token_width: of the vectors.
        width: of the states, both directions together; even.
    """

    def __init__(self, token_width: int, width: int) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"width {width} cannot be shared by two directions: make it even")
        self.ahead = nn.GRU(token_width, width // 2, batch_first=True)
        self.back = nn.GRU(token_width, width // 2, batch_first=True)

    def forward(
        self, tokens: Float[Tensor, "text position token_width"], alive: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text position width"]:
        """A state for each token, zeros beyond the end; a text is alive from its first position on."""
        flip = reversal(alive.sum(1), alive.shape[1])
        states = [self.ahead(tokens)[0], reorder(self.back(reorder(tokens, flip))[0], flip)]
        return torch.cat(states, 2) * alive.unsqueeze(2)
