"""A pointer-generator: a decoder that at each step generates a token or copies one of the source.

    e_i = v · tanh(W_h h_i + W_s s + w_c c_i + b)      a = softmax(e)      h* = Σ a_i h_i      c' = c + a
    P(w) = p_gen P_vocab(w) + (1 − p_gen) Σ_{i: x_i = w} a_i      p_gen = σ(w_h* · h* + w_s · s + w_x · x + b)

h_i are the states of the source, s the decoder's state, a the attention and c the coverage.

Token ids are ordered by frequency. The decoder generates one of the first `shortlist` ids, the end of the
text, or any of the remaining ids with equal probability. Every id of the source can be copied. So a rare name
needs no row of the softmax, and still every text has a likelihood.

A piece of a word can be limited to be copied only right after the piece that precedes it in the source:
otherwise words would be assembled from pieces of different words.

Differs from the paper: GRUs replace LSTMs, and the state s depends on the previous tokens only, as in the
paper's equations (the released code feeds the context back). So the recurrence over a known text runs at
once, and only the coverage c is computed step by step.

Reference:
    "Get to the point: summarization with pointer-generator networks", See, Liu & Manning, ACL 2017,
    sections 2.1 to 2.3.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

NO_PREDECESSOR = -1
"""In `Memory.predecessor`: the token can be copied after any token."""

TINY = 1e-30
"""Replaces a probability of zero where a logarithm is taken that does not count."""


class Memory(NamedTuple):
    """An encoded source, ready to be attended to and copied from; the first dimension of all fields is
    "text"."""

    states: Float[Tensor, "text position memory_width"]
    keys: Float[Tensor, "text position width"]
    """W_h h + b, the same at every step."""
    ids: Int[Tensor, "text position"]
    """Token that is copied from each position."""
    mask: Bool[Tensor, "text position"]
    predecessor: Int[Tensor, "text position"]
    """Token after which the position may be copied; `NO_PREDECESSOR` if it may follow any token."""


class DecoderState(NamedTuple):
    """What the decoder carries from step to step."""

    hidden: Float[Tensor, "text width"]
    coverage: Float[Tensor, "text position"]
    """Sum of the attention to each position so far."""


class DecoderOutput(NamedTuple):
    """Output of the decoder at each step, before the softmax over the vocabulary."""

    features: Float[Tensor, "text step width"]
    """V [s, h*] + b, from which tokens are generated."""
    attention: Float[Tensor, "text step position"]
    copy_attention: Float[Tensor, "text step position"]
    """Attention, renormalised over the positions that may be copied."""
    p_gen_logit: Float[Tensor, "text step"]
    """Logit of p_gen."""
    coverage_loss: Float[Tensor, "text step"]
    """Σ min(a_i, c_i) (equation 12): attention to positions that were attended to before."""


class PointerDecoder(nn.Module):
    """Decodes texts from a memory.

    Args:
        vocab: size of the vocabulary; the end of a text has the id `vocab`.
        shortlist: number of ids, from 0 on, that have a row of the softmax each.
        token_width: width of the vectors that are read at each step: of the last token, and of whatever the
            method appends to it.
        width: width of the states and of the attention.
        memory_width: width of the states of the source.
        coverage: whether attention depends on coverage.

    >>> decoder = PointerDecoder(vocab=10, shortlist=6, token_width=4, width=8, memory_width=8)
    >>> ids, mask = torch.tensor([[3, 9]]), torch.ones(1, 2, dtype=torch.bool)
    >>> memory = decoder.make_memory(torch.randn(1, 2, 8), ids, mask)
    >>> output, state = decoder(torch.randn(1, 3, 4), decoder.initial_state(memory), memory)
    >>> decoder.probabilities(output, memory).shape
    torch.Size([1, 3, 11])
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
        self.unlisted = vocab - self.shortlist
        self.first = nn.Linear(memory_width, width)
        self.cell = nn.GRU(token_width, width, batch_first=True)
        self.key = nn.Linear(memory_width, width)
        self.query = nn.Linear(width, width, bias=False)
        self.score = nn.Parameter(torch.empty(width).uniform_(-0.1, 0.1))
        self.coverage_weight = nn.Parameter(torch.zeros(width)) if coverage else None
        self.readout = nn.Linear(width + memory_width, width)
        self.words = nn.Linear(width, self.shortlist + 1 + (self.unlisted > 0))
        self.p_gen = nn.Linear(memory_width + width + token_width, 1)

    def make_memory(
        self,
        states: Float[Tensor, "text position memory_width"],
        ids: Int[Tensor, "text position"],
        mask: Bool[Tensor, "text position"],
        predecessor: Int[Tensor, "text position"] | None = None,
    ) -> Memory:
        """Prepares an encoded source for decoding.

        Args:
            states: states of the source.
            ids: token ids of the source.
            mask: True at tokens of the source.
            predecessor: see `Memory.predecessor`; None lets every position be copied at any step.
        """
        anywhere = torch.full_like(ids, NO_PREDECESSOR) if predecessor is None else predecessor
        return Memory(states, self.key(states), ids, mask, anywhere)

    def initial_state(self, memory: Memory) -> DecoderState:
        """Returns the state before the first step, from the mean state of the source."""
        mean = memory.states.sum(1) / memory.mask.sum(1, keepdim=True).clamp(min=1)
        return DecoderState(torch.tanh(self.first(mean)), torch.zeros_like(memory.mask, dtype=torch.float32))

    def forward(
        self,
        tokens: Float[Tensor, "text step token_width"],
        state: DecoderState,
        memory: Memory,
        before: Int[Tensor, "text step"] | None = None,
    ) -> tuple[DecoderOutput, DecoderState]:
        """Computes one step or many; a known text in one call costs much less than step by step.

        Args:
            tokens: vectors of the tokens that are read; padding at the end may be anything.
            state: the state before the first of these steps.
            memory: the source.
            before: ids of the tokens that are read; if None, anything may be copied at any step.

        Returns:
            The output after each token, and the state after the last one.
        """
        hidden, last = self.cell(tokens, state.hidden.to(tokens.dtype).unsqueeze(0))
        attention = self.attend(self.query(hidden), state.coverage, memory)
        covered = state.coverage.unsqueeze(1) + attention.cumsum(1)
        context = attention.to(memory.states.dtype) @ memory.states
        features = self.readout(torch.cat([hidden, context], 2))
        p_gen_logit = self.p_gen(torch.cat([context, hidden, tokens], 2)).squeeze(2).float()
        copied = attention if before is None else _restrict(attention, memory.predecessor, before)
        # Where nothing may be copied, a token is generated.
        p_gen_logit = p_gen_logit.masked_fill(copied.sum(2) == 0, torch.inf)
        coverage_loss = torch.minimum(attention, covered - attention).sum(2)
        output = DecoderOutput(features, attention, copied, p_gen_logit, coverage_loss)
        return output, DecoderState(last.squeeze(0), covered[:, -1])

    def attend(
        self,
        queries: Float[Tensor, "text step width"],
        coverage: Float[Tensor, "text position"],
        memory: Memory,
    ) -> Float[Tensor, "text step position"]:
        """Returns the attention of each step: all at once, or step by step where it depends on coverage."""
        if self.coverage_weight is None:
            return self._attention(memory.keys.unsqueeze(1) + queries.unsqueeze(2), memory.mask)
        weights = []
        for query in queries.unsqueeze(2).unbind(1):
            # [c_i, 1] · [w_c; W_s s]: one product, whose gradient needs no tensor of this size
            seen = coverage.to(query.dtype)
            rows = torch.cat([self.coverage_weight.to(query.dtype).expand_as(query), query], 1)
            energy = torch.baddbmm(memory.keys, torch.stack([seen, torch.ones_like(seen)], 2), rows)
            weights.append(self._attention(energy.unsqueeze(1), memory.mask))
            coverage = coverage + weights[-1].squeeze(1)
        return torch.cat(weights, 1)

    def _attention(
        self, energy: Float[Tensor, "text step position width"], mask: Bool[Tensor, "text position"]
    ) -> Float[Tensor, "text step position"]:
        """Returns softmax(v · tanh(energy)) over the positions of the source; changes `energy`."""
        scores, mask = (energy.tanh_() @ self.score.to(energy.dtype)).float(), mask.unsqueeze(1)
        return scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(2) * mask

    def log_prob(
        self,
        output: DecoderOutput,
        memory: Memory,
        targets: Int[Tensor, "text step"],
        mask: Bool[Tensor, "text step"],
    ) -> Float[Tensor, "text step"]:
        """Returns the log-probability of known tokens in nats; 0 where `mask` is False.

        No tensor as wide as the vocabulary is made.
        """
        generated = self._generated_log_prob(output.features[mask], targets[mask])
        copied = (output.copy_attention * (memory.ids.unsqueeze(1) == targets.unsqueeze(2))).sum(2)[mask]
        logit = output.p_gen_logit[mask]
        log_prob = torch.logaddexp(
            F.logsigmoid(logit) + generated, F.logsigmoid(-logit) + copied.clamp(min=TINY).log()
        )
        return torch.zeros_like(output.p_gen_logit).masked_scatter(mask, log_prob)

    def _generated_log_prob(
        self, features: Float[Tensor, "token width"], targets: Int[Tensor, " token"]
    ) -> Float[Tensor, " token"]:
        """Returns log P_vocab of the targets; unlisted ids share one row of the softmax equally."""
        column = targets.where(targets < self.shortlist, self.shortlist + 1)
        column = column.where(targets != self.end, self.shortlist)
        log_prob = -F.cross_entropy(self.words(features).float(), column, reduction="none")
        return log_prob - math.log(max(1, self.unlisted)) * (column > self.shortlist)

    def probabilities(
        self, output: DecoderOutput, memory: Memory
    ) -> Float[Tensor, "text step vocab_and_end"]:
        """Returns the probability of every token and, in the last column, of the end; they sum to 1."""
        p_gen = output.p_gen_logit.sigmoid().unsqueeze(2)
        sizes = [self.shortlist, 1, *[1] * (self.unlisted > 0)]
        listed, end, *rest = (p_gen * self.words(output.features).float().softmax(2)).split(sizes, 2)
        unlisted = [each.expand(-1, -1, self.unlisted) / self.unlisted for each in rest]
        copied = (1 - p_gen) * output.copy_attention
        index = memory.ids.unsqueeze(1).expand_as(copied)
        return torch.cat([listed, *unlisted, end], 2).scatter_add_(2, index, copied)


def _restrict(
    attention: Float[Tensor, "text step position"],
    predecessor: Int[Tensor, "text position"],
    before: Int[Tensor, "text step"],
) -> Float[Tensor, "text step position"]:
    """Returns the attention among the positions that may follow the tokens `before`."""
    wanted = predecessor.unsqueeze(1)
    allowed = attention * ((wanted == NO_PREDECESSOR) | (wanted == before.unsqueeze(2)))
    return allowed / allowed.sum(2, keepdim=True).clamp(min=TINY)
