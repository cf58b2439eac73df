"""A pointer-generator from token ids to token ids: used as generator and as reconstructor.

At each step the decoder reads the previous token, the vector of the text (so that the decoder also trains the
encoder), and how many tokens are left to generate, which controls the length.

Reference:
    "Controlling output length in neural encoder-decoders", Kikuchi et al., EMNLP 2016, section 3.3: the
    countdown, embedded there and a number here.

The file is over 250 lines long because reading, generating and scoring are one model.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.modules.decoding import Generator
from sentrep.modules.decoding import State as SearchState
from sentrep.modules.padding import Texts
from sentrep.modules.pointer_generator import (
    NO_PREDECESSOR,
    DecoderOutput,
    DecoderState,
    Memory,
    PointerDecoder,
)
from sentrep.modules.sequence import BidirectionalGRU

Strategy = Literal["greedy", "sample", "gumbel"]
"""How the next token is chosen; 'gumbel' samples by the Gumbel-max trick, which also gives the noise."""

Noise = list[Float[Tensor, "text vocab_and_end"]]
"""Gumbel noise of each step."""

LENGTH_UNIT = 10.0
"""The countdown is divided by it, so that it has the scale of the other inputs."""


class Source(NamedTuple):
    """An encoded text."""

    memory: Memory
    latent: Float[Tensor, "text token_width"]
    """The vector of the text, as the decoder reads it."""


class PointerGenerator(nn.Module):
    """Generates texts from texts.

    Args:
        vocab: number of token ids; the end has the id `vocab`.
        shortlist: number of ids, from 0 on, that have a row of the softmax each.
        token_width: width of token embeddings.
        width: width of states; even.
        latent_width: width of the vectors of texts.
        coverage: whether attention depends on coverage.
        token_values: whether the encoder reads a value of each token. Of a rare token it says more than the
            embedding, which was hardly trained (Nallapati et al., CoNLL 2016, section 2.2, have such
            features).
        dropout: rate for embeddings, vectors of texts, and decoder features.

    >>> model = PointerGenerator(10, 6, token_width=4, width=8, latent_width=3, coverage=True)
    >>> texts = Texts(torch.tensor([[3, 9]]), torch.ones(1, 2, dtype=torch.bool))
    >>> source = model.encode_source(texts, torch.randn(1, 3))
    >>> model.nll(source, Texts(torch.tensor([[9, 10]]), texts.mask))[0].shape
    torch.Size([1])
    """

    def __init__(
        self,
        vocab: int,
        shortlist: int,
        token_width: int,
        width: int,
        latent_width: int,
        coverage: bool,
        token_values: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.embedding = nn.Embedding(vocab + 1, token_width)
        self.encoder = BidirectionalGRU(token_width + token_values, width)
        self.latent = nn.Linear(latent_width, token_width)
        self.decoder = PointerDecoder(vocab, shortlist, 2 * token_width + 1, width, width, coverage)

    @property
    def end(self) -> int:
        """The id that ends a text."""
        return self.decoder.end

    def encode_source(
        self,
        texts: Texts,
        latent: Float[Tensor, "text latent_width"],
        tokens: Float[Tensor, "text position token_width"] | None = None,
        token_values: Float[Tensor, " vocab"] | None = None,
        word_start: Bool[Tensor, " vocab"] | None = None,
    ) -> Source:
        """Encodes texts; their ends are not read.

        Args:
            texts: the texts.
            latent: their vectors.
            tokens: token vectors that are read instead of the embeddings of the ids.
            token_values: a value for each token, if the model was made with `token_values`.
            word_start: which tokens begin a word; the others are copied right after their predecessors only.
                None lets all be copied anywhere.
        """
        mask = texts.mask & (texts.ids != self.end)
        ids = texts.ids.where(mask, 0)
        rows = self.dropout(self.embedding(ids) if tokens is None else tokens)
        if token_values is not None:
            rows = torch.cat([rows, token_values[ids].unsqueeze(2).to(rows.dtype)], 2)
        states = self.encoder(rows, mask)
        predecessor = None if word_start is None else _predecessors(ids, word_start)
        memory = self.decoder.make_memory(states, ids, mask, predecessor)
        return Source(memory, self.latent(self.dropout(latent)))

    def teacher_force(
        self, source: Source, texts: Texts, length: Int[Tensor, " text"] | None = None
    ) -> DecoderOutput:
        """Returns the decoder's output at each step of known texts, which contain their ends.

        Args:
            source: what the texts are generated from.
            texts: the texts.
            length: the length that the countdown starts from: the texts' own, if None. For generated texts
                it must be the length that they were generated with, or the distributions differ.
        """
        before = torch.cat([torch.full_like(texts.ids[:, :1], self.end), texts.ids[:, :-1]], 1)
        length = (texts.mask & (texts.ids != self.end)).sum(1) if length is None else length
        left = length.unsqueeze(1) - torch.arange(texts.ids.shape[1], device=length.device)
        inputs = self.dropout(self.decoder_inputs(source, before, left))
        state = self.decoder.initial_state(source.memory)
        output: DecoderOutput = self.decoder(inputs, state, source.memory, before)[0]
        return output._replace(features=self.dropout(output.features))

    def nll(self, source: Source, texts: Texts) -> tuple[Float[Tensor, " text"], DecoderOutput]:
        """Returns the mean negative log-likelihood of the tokens of each text, in nats."""
        output = self.teacher_force(source, texts)
        log_prob = self.decoder.log_prob(output, source.memory, texts.ids, texts.mask)
        return -log_prob.sum(1) / texts.lengths.clamp(min=1), output

    def decoder_inputs(
        self, source: Source, before: Int[Tensor, "text step"], left: Int[Tensor, "text step"]
    ) -> Float[Tensor, "text step input"]:
        """Returns what the decoder reads before each step: previous token, vector of the text, countdown."""
        rows = self.embedding(before)
        countdown = (left.clamp(min=0) / LENGTH_UNIT).unsqueeze(2).to(rows.dtype)
        return torch.cat([rows, source.latent.to(rows.dtype).unsqueeze(1).expand_as(rows), countdown], 2)

    @torch.no_grad()
    def generate(
        self,
        source: Source,
        length: Int[Tensor, " text"],
        max_length: int | Int[Tensor, " text"],
        forbidden: Bool[Tensor, " vocab"],
        strategy: Strategy,
    ) -> tuple[Texts, Noise]:
        """Generates texts with their ends; returns them and, for 'gumbel', the noise of each step.

        Args:
            source: what the texts are generated from.
            length: length that the countdown starts from; it is not enforced.
            max_length: number of tokens after which a text is ended.
            forbidden: ids that are never generated.
            strategy: how the next token is chosen.
        """
        state: DecoderState = self.decoder.initial_state(source.memory)
        before, active = torch.full_like(length, self.end), torch.ones_like(length, dtype=torch.bool)
        ids, mask, noises = [], [], Noise()
        limit = torch.as_tensor(max_length, device=length.device).expand_as(length)
        for step in range(max(limit.tolist(), default=0) + 1):
            inputs = self.decoder_inputs(source, before.unsqueeze(1), (length - step).unsqueeze(1))
            output, state = self.decoder(inputs, state, source.memory, before.unsqueeze(1))
            probability = self.decoder.probabilities(output, source.memory)[:, 0]
            probability[:, : self.end].masked_fill_(forbidden, 0)
            probability[:, self.end].clamp_(min=1e-30)  # a text ends where no other token is possible
            chosen = _choose(probability, strategy, noises)
            before = chosen.where(step < limit, self.end).where(active, 0)
            ids.append(before)
            mask.append(active)
            active = active & (before != self.end)
            if not active.any():
                break
        return Texts(torch.stack(ids, 1), torch.stack(mask, 1)), noises

    def generator(self, source: Source, length: Int[Tensor, " text"]) -> Generator:
        """Returns a decoder for greedy search, beam search and nucleus sampling. Words are always finished.

        Args:
            source: what the texts are generated from.
            length: length that the countdown starts from.
        """

        def advance(
            tokens: Int[Tensor, " hypothesis"] | None, state: SearchState
        ) -> tuple[Float[Tensor, "hypothesis vocab"], SearchState]:
            hidden, coverage, latent, left, *memory = state
            here = Source(Memory(*memory), latent)
            before = torch.full_like(left, self.end) if tokens is None else tokens
            inputs = self.decoder_inputs(here, before.unsqueeze(1), left.unsqueeze(1))
            last = DecoderState(hidden, coverage)
            output, (hidden, coverage) = self.decoder(inputs, last, here.memory, before.unsqueeze(1))
            log_prob = self.decoder.probabilities(output, here.memory)[:, 0].clamp(min=1e-30).log()
            if tokens is not None:
                broken = breaks_word(here.memory, tokens, log_prob.shape[1])
                log_prob = log_prob.masked_fill(broken, -torch.inf)
            return log_prob, (hidden, coverage, latent, left - 1, *memory)

        state = (*self.decoder.initial_state(source.memory), source.latent, length, *source.memory)
        return Generator(advance, state, self.end)


def sample_columns(probability: Float[Tensor, "text vocab"]) -> Int[Tensor, " text"]:
    """Samples a column of each row; rows need not sum to 1.

    It needs one random number a row; `multinomial` draws one for every column.
    """
    below = probability.cumsum(1)
    draw = torch.rand(len(probability), 1, device=probability.device) * below[:, -1:]
    return torch.searchsorted(below, draw, right=True).squeeze(1).clamp(max=probability.shape[1] - 1)


def breaks_word(memory: Memory, before: Int[Tensor, " text"], vocab: int) -> Bool[Tensor, "text vocab"]:
    """Returns which tokens would leave a word unfinished.

    Where the previous token is always continued in the source, these are all tokens that do not continue it.
    """
    continues = memory.predecessor == before.unsqueeze(1)
    occurrences = (memory.ids == before.unsqueeze(1)) & memory.mask
    always = continues.sum(1) == occurrences.sum(1)
    counts = torch.zeros(len(before), vocab, device=before.device)
    allowed = counts.scatter_add(1, memory.ids, continues.float()) > 0
    return (continues.any(1) & always).unsqueeze(1) & ~allowed


def _predecessors(
    ids: Int[Tensor, "text position"], word_start: Bool[Tensor, " vocab"]
) -> Int[Tensor, "text position"]:
    """Returns the token before each token that continues a word; `NO_PREDECESSOR` for the others."""
    before = F.pad(ids[:, :-1], (1, 0), value=NO_PREDECESSOR)
    return before.masked_fill(word_start[ids], NO_PREDECESSOR)


def _choose(
    probability: Float[Tensor, "text vocab"], strategy: Strategy, noises: Noise
) -> Int[Tensor, " text"]:
    """Chooses a token for each text; appends the noise of the Gumbel-max trick to `noises`."""
    if strategy == "gumbel":
        noises.append(-torch.empty_like(probability).exponential_().clamp(min=1e-30).log())
        return (probability.log() + noises[-1]).argmax(1)
    return probability.argmax(1) if strategy == "greedy" else sample_columns(probability)
