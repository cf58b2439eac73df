"""Decoding: out of an autoregressive decoder, sentences. Greedy, by beam search, or drawn from the nucleus.

A decoder is known by one function: given the tokens chosen last, it tells the log-probabilities of the next
ones. What it carries along (recurrent states, the code, the states that attention looks at) is its own
affair, as long as rows are hypotheses. Many sentences are decoded at once, and one that has ended costs
nothing from then on.

Probabilities that are told are the decoder's own, the end's among them: forbidding and truncating choose,
they do not rescale."""

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
"""Whatever a decoder carries along: one tensor or more, each with a first dimension "hypothesis"."""


class Advance(Protocol):
    """One step of any autoregressive decoder."""

    def __call__(
        self, tokens: Int[Tensor, " hypothesis"] | None, state: State
    ) -> tuple[Float[Tensor, "hypothesis vocab"], State]:
        """From the tokens chosen last (None at the first step) to log-probabilities of the next, and the new
        state."""


class Generator(NamedTuple):
    """A decoder at the beginning of its sentences: one row of the state for each."""

    advance: Advance
    state: State
    end: int
    """The id that ends a sentence; one of the vocab columns."""


class Decoded(NamedTuple):
    """A sentence that was decoded."""

    tokens: list[int]
    """Without the end."""
    log_probability: float
    """Of the tokens and the end together (nats)."""


@dataclass(frozen=True)
class Bounds:
    """What a sentence may be."""

    at_least: int = 0
    """Fewest tokens: the end is forbidden before."""
    at_most: int = 40
    """Most tokens: then only the end is left."""
    forbidden: tuple[int, ...] = ()
    """Ids that never come, such as the one that pads."""

    def allow(
        self, log_probability: Float[Tensor, "hypothesis vocab"], end: int, length: int
    ) -> Float[Tensor, "hypothesis vocab"]:
        """Log-probabilities after `length` tokens, −∞ where a token must not come."""
        if length == self.at_most:
            only = torch.full_like(log_probability, -torch.inf)
            only[:, end] = log_probability[:, end].clamp(
                min=torch.finfo(only.dtype).min
            )  # also where the decoder rules it out
            return only
        never = [*self.forbidden, end] if length < self.at_least else [*self.forbidden]
        return log_probability.index_fill(
            1, torch.tensor(never, dtype=torch.long, device=log_probability.device), -torch.inf
        )


def decode(
    generator: Generator, config: DecodingConfig, random: torch.Generator, forbidden: tuple[int, ...] = ()
) -> list[list[Decoded]]:
    """`config.k` sentences for each row, as `config` says; `random` is for drawing, on the decoder's
    device."""
    bounds = Bounds(config.at_least, config.at_most, forbidden)
    if config.how == "beam":
        return beam(generator, bounds, config.beam, config.k, config.length_norm)
    if config.how == "nucleus":
        return nucleus(generator, random, bounds, config.k, config.top_p, config.temperature)
    return [[decoded] for decoded in greedy(generator, bounds)]


def greedy(generator: Generator, bounds: Bounds) -> list[Decoded]:
    """The likeliest token each time; a sentence for each row."""
    return _walk(generator, bounds, lambda log_probability: log_probability.argmax(1))


def nucleus(
    generator: Generator,
    random: torch.Generator,
    bounds: Bounds,
    k: int = 1,
    top_p: float = 0.9,
    temperature: float = 1.0,
) -> list[list[Decoded]]:
    """`k` sentences for each row, drawn token by token from the nucleus: the fewest likeliest tokens that
    have the probability `top_p` together ("The curious case of neural text degeneration", Holtzman et al.,
    ICLR 2020, section 3.1). The temperature comes before the cut."""

    def draw(log_probability: Tensor) -> Tensor:
        ranked, token = _likeliest((log_probability / temperature).softmax(1), top_p)
        likelier = ranked.cumsum(1) - ranked  # what stands before a token; so the first is always in
        place = ranked.where(likelier < top_p, 0).multinomial(1, generator=random)
        return token.gather(1, place).squeeze(1)

    drawn = _walk(generator._replace(state=_each(generator.state, k)), bounds, draw)
    return [drawn[start : start + k] for start in range(0, len(drawn), k)]


@torch.no_grad()
def beam(
    generator: Generator, bounds: Bounds, width: int = 5, k: int = 1, length_norm: float = 0.6
) -> list[list[Decoded]]:
    """The `k` best sentences for each row of the state, best first, by log-probability / ((5 + n) /
    6)^length_norm, where n counts the tokens and the end ("Google's neural machine translation system", Wu et
    al. 2016, section 7, without its coverage penalty).

    `width` hypotheses of each sentence are followed, the likeliest so far. Those that end among the `width`
    best are set aside, others take their places, and the sentence is done when `width` have ended. A beam of
    1 is `greedy`; one as wide as there are hypotheses is exhaustive search. Fewer than `k` come back only
    where there are no more."""
    advance, state, end = generator
    sentences, device = len(state[0]), state[0].device
    ended: list[list[Decoded]] = [[] for _ in range(sentences)]
    going, state, tokens = list(range(sentences)), _each(state, width), None
    text = torch.zeros(sentences, width, 0, dtype=torch.long, device=device)
    total = torch.full((sentences, width), -torch.inf, device=device)
    total[:, 0] = 0  # the hypotheses of a sentence are all the same at first, so one of them counts
    for length in range(bounds.at_most + 1):
        if not going:
            break
        log_probability, state = advance(tokens, state)
        vocab = log_probability.shape[1]
        allowed = bounds.allow(log_probability.float(), end, length).view(len(going), width, vocab)
        # A hypothesis can end in one way only, so half or more of the best 2 · width go on.
        best, place = (total.unsqueeze(2) + allowed).flatten(1).topk(2 * width)
        parent, token = place // vocab, place % vocab
        text = torch.cat(
            [text.gather(1, parent.unsqueeze(2).expand(-1, -1, length)), token.unsqueeze(2)], dim=2
        )
        ends = token == end
        for row, rank in (ends & best.isfinite())[:, :width].nonzero().tolist():
            ended[going[row]].append(Decoded(text[row, rank, :-1].tolist(), best[row, rank].item()))

        onward = ends.long().argsort(dim=1, stable=True)[:, :width]
        total = best.gather(1, onward)
        wanting = torch.tensor([len(ended[sentence]) < width for sentence in going], device=device)
        kept = (wanting & total.isfinite().any(1)).nonzero().squeeze(1)
        going = [going[row] for row in kept.tolist()]
        total, onward, parent, text = total[kept], onward[kept], parent[kept], text[kept]
        text = text.gather(1, onward.unsqueeze(2).expand(-1, -1, length + 1))
        tokens = text[:, :, -1].flatten()
        state = _rows(state, (kept.unsqueeze(1) * width + parent.gather(1, onward)).flatten())

    def score(found: Decoded) -> float:
        return found.log_probability / math.pow((5 + len(found.tokens) + 1) / 6, length_norm)

    return [sorted(found, key=score, reverse=True)[:k] for found in ended]


@torch.no_grad()
def _walk(generator: Generator, bounds: Bounds, choose: Callable[[Tensor], Tensor]) -> list[Decoded]:
    """One hypothesis a row, whose next token is chosen from the log-probabilities (hypothesis, vocab) of what
    is allowed."""
    advance, state, end = generator
    texts: list[list[int]] = [[] for _ in state[0]]
    totals = [0.0] * len(texts)
    going, tokens, length = list(range(len(texts))), None, 0
    while going:
        log_probability, state = advance(tokens, state)
        log_probability = log_probability.float()
        tokens = choose(bounds.allow(log_probability, end, length))
        gained = log_probability.gather(1, tokens.unsqueeze(1)).squeeze(1)
        for sentence, token, gain in zip(going, tokens.tolist(), gained.tolist(), strict=True):
            totals[sentence] += gain
            texts[sentence] += [token] * (token != end)
        kept = (tokens != end).nonzero().squeeze(1)
        going, tokens, state = [going[row] for row in kept.tolist()], tokens[kept], _rows(state, kept)
        length += 1
    return [Decoded(text, total) for text, total in zip(texts, totals, strict=True)]


def _likeliest(
    probability: Float[Tensor, "hypothesis vocab"], mass: float
) -> tuple[Float[Tensor, "hypothesis rank"], Int[Tensor, "hypothesis rank"]]:
    """Probabilities and ids of the likeliest tokens, enough of them to have this mass. To sort a vocabulary
    of 20,000 takes several times as long as a step of the decoder."""
    count, vocab = 128, probability.shape[1]
    while True:
        ranked, token = probability.topk(min(count, vocab))
        if count >= vocab or (ranked.sum(1) >= mass).all():
            return ranked, token
        count *= 8


def _rows(state: State, rows: Int[Tensor, " row"]) -> State:
    return tuple(part[rows] for part in state)


def _each(state: State, times: int) -> State:
    """Every row so many times, one after the other."""
    return tuple(part.repeat_interleave(times, 0) for part in state)
