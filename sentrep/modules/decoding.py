"""Decoding with any autoregressive decoder: greedy search, beam search and nucleus sampling.

A decoder is described by one function: from the tokens chosen last, it returns the log-probabilities of the
next ones. The state between the steps (recurrent states, codes, attention memory) may be any tensors whose
rows are hypotheses. Many sentences are decoded at once; a sentence that has ended is not computed any more.

Log-probabilities in the results are those of the decoder itself, including the end token: forbidding and
truncating choose tokens, they do not rescale probabilities.

The file is over 250 lines long because greedy search, beam search and sampling share their state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor

from sentrep.modules.decoding_config import DecodingConfig

State: TypeAlias = tuple[Tensor, ...]
"""What a decoder carries from step to step: one or more tensors, each with a first dimension "hypothesis"."""


class Advance(Protocol):
    """One step of an autoregressive decoder."""

    def __call__(
        self, tokens: Int[Tensor, " hypothesis"] | None, state: State
    ) -> tuple[Float[Tensor, "hypothesis vocab"], State]:
        """Returns the log-probabilities of the next tokens and the new state.

        Args:
            tokens: the tokens that were chosen last; None at the first step.
            state: the state before this step.
        """


class Generator(NamedTuple):
    """A decoder before the first token: each row of the state is one sentence."""

    advance: Advance
    state: State
    end: int
    """Id of the token that ends a sentence; one of the columns of the vocabulary."""


class Decoded(NamedTuple):
    """A decoded sentence."""

    tokens: list[int]
    """Its token ids, without the end."""
    log_prob: float
    """Log-probability of the tokens and the end together, in nats."""


@dataclass(frozen=True)
class Constraints:
    """Limits on decoded sentences."""

    min_length: int = 0
    """The end token is forbidden before so many tokens."""
    max_length: int = 40
    """After so many tokens only the end token is allowed."""
    forbidden: tuple[int, ...] = ()
    """Ids that are never chosen, such as the padding token."""

    def apply(
        self, log_prob: Float[Tensor, "hypothesis vocab"], end: int, length: int
    ) -> Float[Tensor, "hypothesis vocab"]:
        """Returns the log-probabilities after `length` tokens, −∞ for tokens that are not allowed."""
        if length == self.max_length:
            only_end = torch.full_like(log_prob, -torch.inf)
            # Finite even where the decoder gives the end no probability.
            only_end[:, end] = log_prob[:, end].clamp(min=torch.finfo(only_end.dtype).min)
            return only_end
        columns = [*self.forbidden, end] if length < self.min_length else [*self.forbidden]
        index = torch.tensor(columns, dtype=torch.long, device=log_prob.device)
        return log_prob.index_fill(1, index, -torch.inf)


def decode(
    generator: Generator, config: DecodingConfig, random: torch.Generator, forbidden: tuple[int, ...] = ()
) -> list[list[Decoded]]:
    """Generates `config.k` sentences for each row of the generator's state.

    Args:
        generator: the decoder.
        config: strategy and limits.
        random: source of the samples, on the decoder's device.
        forbidden: ids that are never chosen.
    """
    limits = Constraints(config.min_length, config.max_length, forbidden)
    if config.strategy == "beam":
        return beam_search(generator, limits, config.hypotheses, config.k, config.length_norm)
    if config.strategy == "nucleus":
        return nucleus_sampling(generator, random, limits, config.k, config.top_p, config.temperature)
    return [[decoded] for decoded in greedy_search(generator, limits)]


def greedy_search(generator: Generator, limits: Constraints) -> list[Decoded]:
    """Chooses the most likely token at each step; returns one sentence for each row."""
    return _decode_by(generator, limits, lambda log_prob: log_prob.argmax(1))


def nucleus_sampling(
    generator: Generator,
    random: torch.Generator,
    limits: Constraints,
    k: int = 1,
    top_p: float = 0.9,
    temperature: float = 1.0,
) -> list[list[Decoded]]:
    """Samples `k` sentences for each row, token by token from the nucleus.

    The nucleus is the smallest set of most likely tokens with a total probability of `top_p`. The temperature
    is applied before the cut.

    Reference:
        "The curious case of neural text degeneration", Holtzman et al., ICLR 2020, section 3.1.
    """

    def sample(log_prob: Tensor) -> Tensor:
        ranked, token = _most_likely((log_prob / temperature).softmax(1), top_p)
        more_likely = ranked.cumsum(1) - ranked  # 0 for the first token, which is always in the nucleus
        place = ranked.where(more_likely < top_p, 0).multinomial(1, generator=random)
        return token.gather(1, place).squeeze(1)

    found = _decode_by(generator._replace(state=_repeat(generator.state, k)), limits, sample)
    return [found[start : start + k] for start in range(0, len(found), k)]


@torch.no_grad()
def beam_search(
    generator: Generator, limits: Constraints, width: int = 5, k: int = 1, length_norm: float = 0.6
) -> list[list[Decoded]]:
    """Returns the `k` best sentences for each row, best first, by log_prob / ((5 + n) / 6)^length_norm, where
    n counts the tokens and the end.

    The `width` most likely hypotheses of each sentence are extended. Hypotheses that end among the `width`
    best are set aside and others take their places; a sentence is finished when `width` hypotheses have
    ended. A width of 1 is greedy search; a width as large as the number of hypotheses is exhaustive search.
    Fewer than `k` sentences are returned only where there are no more.

    Reference:
        "Google's neural machine translation system", Wu et al. 2016, section 7, without the coverage penalty.
    """
    beam = _Beam(generator, limits, width)
    for length in range(limits.max_length + 1):
        if not beam.sentences:
            break
        beam.extend(length)

    def score(found: Decoded) -> float:
        return found.log_prob / math.pow((5 + len(found.tokens) + 1) / 6, length_norm)

    return [sorted(found, key=score, reverse=True)[:k] for found in beam.ended]


class _Beam:
    """The hypotheses of all sentences that are not finished; `ended` holds those that have ended."""

    def __init__(self, generator: Generator, limits: Constraints, width: int) -> None:
        self.advance, first, self.end = generator
        count, device = len(first[0]), first[0].device
        self.limits, self.width, self.state = limits, width, _repeat(first, width)
        self.ended: list[list[Decoded]] = [[] for _ in range(count)]
        self.sentences = list(range(count))
        self.tokens: Tensor | None = None
        self.text = torch.zeros(count, width, 0, dtype=torch.long, device=device)
        self.total = torch.full((count, width), -torch.inf, device=device)
        self.total[:, 0] = 0  # all hypotheses of a sentence are equal at first, so only one counts

    def extend(self, length: int) -> None:
        """Appends a token to each hypothesis."""
        log_prob, self.state = self.advance(self.tokens, self.state)
        shape = len(self.sentences), self.width, log_prob.shape[1]
        allowed = self.limits.apply(log_prob.float(), self.end, length).view(shape)
        # A hypothesis can end in one way only, so at least half of the best 2 · width go on.
        best, place = (self.total.unsqueeze(2) + allowed).flatten(1).topk(2 * self.width)
        parent, token = place // shape[2], place % shape[2]
        before = self.text.gather(1, parent.unsqueeze(2).expand(-1, -1, length))
        self.text = torch.cat([before, token.unsqueeze(2)], dim=2)
        ends = token == self.end
        self._set_aside(best, ends)
        self._keep(best, parent, ends)

    def _set_aside(self, best: Tensor, ends: Tensor) -> None:
        """Records the hypotheses that end among the `width` best."""
        for row, rank in (ends & best.isfinite())[:, : self.width].nonzero().tolist():
            found = Decoded(self.text[row, rank, :-1].tolist(), best[row, rank].item())
            self.ended[self.sentences[row]].append(found)

    def _keep(self, best: Tensor, parent: Tensor, ends: Tensor) -> None:
        """Keeps the best hypotheses that go on, of the sentences that are not finished."""
        onward = ends.long().argsort(dim=1, stable=True)[:, : self.width]
        total = best.gather(1, onward)
        counts = [len(self.ended[sentence]) < self.width for sentence in self.sentences]
        unfinished = torch.tensor(counts, device=total.device) & total.isfinite().any(1)
        kept = unfinished.nonzero().squeeze(1)
        self.sentences = [self.sentences[row] for row in kept.tolist()]
        self.total, onward, parent, text = total[kept], onward[kept], parent[kept], self.text[kept]
        self.text = text.gather(1, onward.unsqueeze(2).expand(-1, -1, text.shape[2]))
        self.tokens = self.text[:, :, -1].flatten()
        rows = kept.unsqueeze(1) * self.width + parent.gather(1, onward)
        self.state = _rows(self.state, rows.flatten())


@torch.no_grad()
def _decode_by(
    generator: Generator, limits: Constraints, choose: Callable[[Tensor], Tensor]
) -> list[Decoded]:
    """Follows one hypothesis for each row; `choose` selects the next tokens from (hypothesis, vocab)."""
    advance, state, end = generator
    texts: list[list[int]] = [[] for _ in state[0]]
    totals = [0.0] * len(texts)
    rows, tokens, length = list(range(len(texts))), None, 0
    while rows:
        log_prob, state = advance(tokens, state)
        log_prob = log_prob.float()
        tokens = choose(limits.apply(log_prob, end, length))
        gained = log_prob.gather(1, tokens.unsqueeze(1)).squeeze(1)
        for row, token, gain in zip(rows, tokens.tolist(), gained.tolist(), strict=True):
            totals[row] += gain
            texts[row] += [token] * (token != end)
        kept = (tokens != end).nonzero().squeeze(1)
        rows, tokens, state = [rows[place] for place in kept.tolist()], tokens[kept], _rows(state, kept)
        length += 1
    return [Decoded(text, total) for text, total in zip(texts, totals, strict=True)]


def _most_likely(
    probability: Float[Tensor, "hypothesis vocab"], mass: float
) -> tuple[Float[Tensor, "hypothesis rank"], Int[Tensor, "hypothesis rank"]]:
    """Returns probabilities and ids of the most likely tokens, enough of them for this probability mass.

    Sorting a vocabulary of 20,000 would take several times as long as a step of the decoder.
    """
    count, vocab = 128, probability.shape[1]
    while True:
        ranked, token = probability.topk(min(count, vocab))
        if count >= vocab or (ranked.sum(1) >= mass).all():
            return ranked, token
        count *= 8


def _rows(state: State, rows: Int[Tensor, " row"]) -> State:
    return tuple(part[rows] for part in state)


def _repeat(state: State, times: int) -> State:
    """Repeats every row, the copies one after the other."""
    return tuple(part.repeat_interleave(times, 0) for part in state)
