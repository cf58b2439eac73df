"""Reads a text and writes another: the pointer-generator with all that it needs, from token ids to token ids.

At each step it reads the token before, the text's vector (so that what writes also teaches the encoder), and
how many tokens are left to write, which is how its length is controlled: a countdown, as in "Controlling
output length in neural encoder-decoders", Kikuchi et al., EMNLP 2016, section 3.3, there embedded and here a
number."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.decoding import Generator
from sentrep.modules.decoding import State as Carried
from sentrep.modules.padding import Texts
from sentrep.modules.pointer_generator import ANYTHING, Memory, Outcome, PointerDecoder, Reader, State

How = Literal["greedy", "drawn", "gumbel"]
Noise = list[Float[Tensor, "text vocab_and_end"]]
"""By which each step was drawn."""

TENS = 10.0
"""Tokens that are left are told in tens, so that they are of the size of everything else that is read."""


class Source(NamedTuple):
    """A text that was read."""

    memory: Memory
    code: Float[Tensor, "text token_width"]


class Rewriter(nn.Module):
    """From texts to texts.

    Args:
        vocab: token ids there are; the end has the id `vocab`.
        shortlist: so many of the first ids have a row of the softmax each.
        token_width: of its rows.
        width: of its states; even.
        code_width: of the texts' vectors.
        coverage: whether attention knows where it has been.
        weighed: whether it is told of each token that it reads what that is worth. Of a rare token that says
            more than its row, which was hardly ever learnt; "Abstractive text summarization using
            sequence-to-sequence RNNs and beyond", Nallapati et al., CoNLL 2016, section 2.2, has such
            features.
        dropout: of token rows, of codes, and of what words are generated from.
    """

    def __init__(
        self,
        vocab: int,
        shortlist: int,
        token_width: int,
        width: int,
        code_width: int,
        coverage: bool,
        weighed: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.rows = nn.Embedding(vocab + 1, token_width)
        self.reader = Reader(token_width + weighed, width)
        self.code = nn.Linear(code_width, token_width)
        self.decoder = PointerDecoder(vocab, shortlist, 2 * token_width + 1, width, width, coverage)

    @property
    def end(self) -> int:
        """The id that ends a text."""
        return self.decoder.end

    def read(
        self,
        texts: Texts,
        code: Float[Tensor, "text code_width"],
        tokens: Float[Tensor, "text position token_width"] | None = None,
        worth: Float[Tensor, " vocab"] | None = None,
        begins: Bool[Tensor, " vocab"] | None = None,
    ) -> Source:
        """Texts, ready to be written from. Their ends are not read.

        Args:
            code: their vectors.
            worth: of each token, where that is `weighed`.
            begins: which tokens begin a word; the others are then copied right after those that they
                continue. All, if None.
            tokens: what is read in place of their ids' rows: soft or straight-through mixtures of rows.
        """
        alive = texts.alive & (texts.ids != self.end)
        ids = texts.ids.where(alive, 0)
        rows = self.drop(self.rows(ids) if tokens is None else tokens)
        if worth is not None:
            rows = torch.cat([rows, worth[ids].unsqueeze(2).to(rows.dtype)], 2)
        states = self.reader(rows, alive)
        follows = (
            None
            if begins is None
            else F.pad(ids[:, :-1], (1, 0), value=ANYTHING).masked_fill(begins[ids], ANYTHING)
        )
        return Source(self.decoder.remember(states, ids, alive, follows), self.code(self.drop(code)))

    def after(self, source: Source, texts: Texts, length: Int[Tensor, " text"] | None = None) -> Outcome:
        """What would be written at each step of given texts, whose end is a token of theirs.

        Args:
            length: what the decoder is told that they are to have. Theirs, if None; of texts that it wrote,
                what it was told then: otherwise these are not the distributions that they were drawn from.
        """
        before = torch.cat([torch.full_like(texts.ids[:, :1], self.end), texts.ids[:, :-1]], 1)
        length = (texts.alive & (texts.ids != self.end)).sum(1) if length is None else length
        left = length.unsqueeze(1) - torch.arange(texts.ids.shape[1], device=length.device)
        inputs = self.drop(self.inputs(source, before, left))
        outcome: Outcome = self.decoder(inputs, self.decoder.begin(source.memory), source.memory, before)[0]
        return outcome._replace(features=self.drop(outcome.features))

    def surprise(self, source: Source, texts: Texts) -> tuple[Float[Tensor, " text"], Outcome]:
        """Mean negative log-likelihood of the tokens of given texts, in nats."""
        outcome = self.after(source, texts)
        told = self.decoder.log_probability(outcome, source.memory, texts.ids, texts.alive)
        return -told.sum(1) / texts.lengths.clamp(min=1), outcome

    def inputs(
        self, source: Source, before: Int[Tensor, "text step"], left: Int[Tensor, "text step"]
    ) -> Float[Tensor, "text step input"]:
        """What is read before each step."""
        rows = self.rows(before)
        countdown = (left.clamp(min=0) / TENS).unsqueeze(2).to(rows.dtype)
        return torch.cat([rows, source.code.to(rows.dtype).unsqueeze(1).expand_as(rows), countdown], 2)

    @torch.no_grad()
    def write(
        self,
        source: Source,
        length: Int[Tensor, " text"],
        at_most: int | Int[Tensor, " text"],
        never: Bool[Tensor, " vocab"],
        how: How,
    ) -> tuple[Texts, Noise]:
        """Texts with their ends, and the Gumbel noise by which each step was drawn, if it was that.

        Args:
            length: tokens that each text is to have, told to the decoder and not enforced.
            at_most: tokens that a text may have; then it is ended.
            never: ids that are not written.
            how: by the likeliest token each time; drawn; or drawn by the Gumbel-max trick, which costs more
                and gives the noise.
        """
        state: State = self.decoder.begin(source.memory)
        before, going = torch.full_like(length, self.end), torch.ones_like(length, dtype=torch.bool)
        ids, alive, noises = [], [], []
        limit = torch.as_tensor(at_most, device=length.device).expand_as(length)
        for step in range(max(limit.tolist(), default=0) + 1):
            inputs = self.inputs(source, before.unsqueeze(1), (length - step).unsqueeze(1))
            outcome, state = self.decoder(inputs, state, source.memory, before.unsqueeze(1))
            chances = self.decoder.probabilities(outcome, source.memory)[:, 0]
            chances[:, : self.end].masked_fill_(never, 0)
            chances[:, self.end].clamp_(min=1e-30)  # where nothing else may come, a text ends
            if how == "gumbel":
                noises.append(-torch.empty_like(chances).exponential_().clamp(min=1e-30).log())
                chosen = (chances.log() + noises[-1]).argmax(1)
            else:
                chosen = chances.argmax(1) if how == "greedy" else drawn(chances)
            before = chosen.where(step < limit, self.end).where(going, 0)
            ids.append(before)
            alive.append(going)
            going = going & (before != self.end)
            if not going.any():
                break
        return Texts(torch.stack(ids, 1), torch.stack(alive, 1)), noises

    def generator(self, source: Source, length: Int[Tensor, " text"]) -> Generator:
        """The same, a step at a time, for greedy, beam and nucleus search. A word that was begun is
        finished."""

        def advance(
            tokens: Int[Tensor, " hypothesis"] | None, state: Carried
        ) -> tuple[Float[Tensor, "hypothesis vocab"], Carried]:
            hidden, coverage, code, left, *memory = state
            read = Source(Memory(*memory), code)
            before = torch.full_like(left, self.end) if tokens is None else tokens
            inputs = self.inputs(read, before.unsqueeze(1), left.unsqueeze(1))
            outcome, (hidden, coverage) = self.decoder(
                inputs, State(hidden, coverage), read.memory, before.unsqueeze(1)
            )
            told = self.decoder.probabilities(outcome, read.memory)[:, 0].clamp(min=1e-30).log()
            if tokens is not None:
                told = told.masked_fill(breaks_off(read.memory, tokens, told.shape[1]), -torch.inf)
            return told, (hidden, coverage, code, left - 1, *memory)

        return Generator(
            advance, (*self.decoder.begin(source.memory), source.code, length, *source.memory), self.end
        )


def drawn(chances: Float[Tensor, "text vocab"]) -> Int[Tensor, " text"]:
    """One of each row, by its chances, which need not sum to one. `multinomial` draws a number for every
    column; here one does."""
    below = chances.cumsum(1)
    draw = torch.rand(len(chances), 1, device=chances.device) * below[:, -1:]
    return torch.searchsorted(below, draw, right=True).squeeze(1).clamp(max=chances.shape[1] - 1)


def breaks_off(memory: Memory, before: Int[Tensor, " text"], vocab: int) -> Bool[Tensor, "text vocab"]:
    """Which tokens would leave a word unfinished: where the token before only ever begins words that the
    source goes on with, all but what goes on with one of them."""
    goes_on = memory.follows == before.unsqueeze(1)
    always = goes_on.sum(1) == ((memory.ids == before.unsqueeze(1)) & memory.alive).sum(1)
    wanted = (
        torch.zeros(len(before), vocab, device=before.device).scatter_add(1, memory.ids, goes_on.float()) > 0
    )
    return (goes_on.any(1) & always).unsqueeze(1) & ~wanted
