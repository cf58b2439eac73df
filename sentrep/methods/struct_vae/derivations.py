"""Derivations of a grammar as latent structures: logical forms that are parsed from a sentence, and from
which the sentence is reconstructed.

    q(z | x) = Π_k q(a_k | a_<k, x)      p(z) = Π_k p(a_k | a_<k)      p(x | z) = Π_t p(x_t | x_<t, z)

Parser and prior choose among the actions that the grammar allows, so every sample is well formed. The parser
attends to the sentence and copies from it; the decoder attends to the linearised derivation and copies from
that.

Differs from the paper: GRUs replace LSTMs, and the parser reads the symbol that is derived in place of its
parent.

Reference:
    "StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin, Zhou, He &
    Neubig, ACL 2018, section 3.

The file is over 250 lines long because the three distributions share their inputs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.logical_form import format_logical_form
from sentrep.methods.struct_vae.structures import Reconstruction, StructureModel
from sentrep.methods.struct_vae.transition import DerivationBatch, NextAction, TransitionSystem
from sentrep.modules.padding import Texts, append_end
from sentrep.modules.pointer_generator import DecoderOutput, DecoderState, Memory, PointerDecoder
from sentrep.modules.sequence import BidirectionalGRU


class DerivationModel(StructureModel[DerivationBatch]):
    """The three distributions over derivations.

    Args:
        grammar: the grammar.
        vocab: number of token ids.
        token_width: width of the token vectors that the parser reads, and of all embeddings.
        width: width of all states; even.
        shortlist: number of ids, from 0 on, that can be generated without being copied.
        max_actions: largest number of actions of a derivation.
        dropout: rate in the prior; the caller drops out the parser's token vectors.
        learned_prior: whether the prior is learned; otherwise all valid actions are equally likely.
    """

    def __init__(
        self,
        grammar: Grammar,
        vocab: int,
        token_width: int,
        width: int,
        shortlist: int,
        max_actions: int,
        dropout: float,
        learned_prior: bool = True,
    ) -> None:
        super().__init__()
        self.grammar, self.system = grammar, TransitionSystem(grammar, vocab, max_actions)
        self.parser = DerivationParser(self.system, token_width, width, shortlist)
        self.decoder = DerivationDecoder(self.system, token_width, width, shortlist)
        self.prior = (
            DerivationPrior(self.system, token_width, width // 2, dropout)
            if learned_prior
            else UniformActionPrior(self.system)
        )

    def posterior(
        self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]
    ) -> DerivationPosterior:
        return DerivationPosterior(self.parser, self.parser.encode(texts, tokens))

    def log_prior(self, structures: DerivationBatch) -> Float[Tensor, "sentence structure"]:
        log_prob: Tensor = self.prior(structures.flat())
        return log_prob.view(structures.actions.shape[:2])

    def reconstruct(self, texts: Texts, structures: DerivationBatch) -> Reconstruction:
        found: Reconstruction = self.decoder(texts, structures)
        return found

    def structure_stats(self, best: DerivationBatch) -> dict[str, Tensor]:
        """Returns ``distinct``: different derivations of a batch divided by all; ``actions``: mean length."""
        count = len(best.actions[:, 0].unique(dim=0))
        different = best.mask.new_tensor(count, dtype=torch.float32)
        return {
            "distinct": different / max(1, len(best.actions)),
            "actions": best.mask.sum(2).float().mean(),
        }

    def agreement(self, predicted: DerivationBatch, gold: DerivationBatch) -> dict[str, Tensor]:
        """Returns ``labelled_exact``: share of the derivations that are correct in all actions."""
        steps = max(predicted.actions.shape[2], gold.actions.shape[2])
        mine, theirs = (
            F.pad(each.actions, (0, steps - each.actions.shape[2]), value=self.system.stop)
            for each in (predicted, gold)
        )
        return {"labelled_exact": (mine == theirs).all(2).float().mean()}

    def logical_forms(self, best: DerivationBatch, tokenizer: Tokenizer) -> list[str]:
        """Returns the logical form of the first derivation of each sentence, as text."""
        rows = zip(best.actions[:, 0].tolist(), best.mask[:, 0].sum(1).tolist(), strict=True)
        return [
            format_logical_form(self.grammar, self.system.names(row[:length]), tokenizer.decode)
            for row, length in rows
        ]


class DerivationPosterior(NamedTuple):
    """q(z | x) of some sentences; its entropy can only be estimated from samples."""

    parser: DerivationParser
    memory: Memory

    @property
    def entropy(self) -> None:
        """None: it is not known exactly."""
        return None

    def sample(self, count: int) -> DerivationBatch:
        """Draws `count` independent derivations of each sentence."""
        return self.parser.derive(self.memory, count, sample=True)

    def viterbi(self) -> DerivationBatch:
        """Returns one derivation of each sentence, by the most likely action at each step."""
        return self.parser.derive(self.memory, 1, sample=False)

    def log_prob(self, structures: DerivationBatch) -> Float[Tensor, "sentence structure"]:
        """Returns log q(z | x) of some derivations of each sentence."""
        count = structures.actions.shape[1]
        log_prob: Tensor = self.parser(_repeat(self.memory, count), structures.flat())
        return log_prob.view(structures.actions.shape[:2])


class DerivationParser(nn.Module):
    """q(z | x): a GRU over actions that attends to the sentence.

    At each step it reads the last action and the symbol that is derived; texts are generated by a
    pointer-generator.
    """

    def __init__(self, system: TransitionSystem, token_width: int, width: int, shortlist: int) -> None:
        super().__init__()
        self.system = system
        self.steps = _StepInputs(system, token_width)
        self.encoder = BidirectionalGRU(token_width, width)
        self.decoder = PointerDecoder(system.stop, shortlist, 2 * token_width, width, width, False)
        self.choose = nn.Linear(width, system.actions)

    def encode(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> Memory:
        """Encodes sentences."""
        return self.decoder.make_memory(self.encoder(tokens, texts.mask), texts.ids, texts.mask)

    def forward(self, memory: Memory, derivations: DerivationBatch) -> Float[Tensor, " derivation"]:
        """Returns log q(z | x) of one derivation of each sentence."""
        next_action, state = self.system.trace(derivations), self.decoder.initial_state(memory)
        output: DecoderOutput = self.decoder(self.steps(derivations, next_action), state, memory)[0]
        in_text = derivations.mask & next_action.is_text
        tokens = derivations.actions.where(in_text, self.system.stop)
        log_prob = self.decoder.log_prob(output, memory, tokens, in_text)
        logits = self.choose(output.features)
        return (self.system.log_prob(logits, next_action, derivations) + log_prob).sum(1)

    @torch.no_grad()
    def derive(self, memory: Memory, count: int, sample: bool) -> DerivationBatch:
        """Derives `count` structures of each sentence: sampled, or by the most likely action at each step."""
        sentences, memory = len(memory.ids), _repeat(memory, count)
        decoder_state: DecoderState = self.decoder.initial_state(memory)
        state, stop = self.system.initial_state(len(memory.ids)), self.system.stop
        before = torch.full_like(state.height, self.steps.first)
        actions, mask = list[Tensor](), list[Tensor]()
        for step in range(self.system.max_actions):
            active = state.height > 0
            if not active.any():
                break
            next_action = self.system.next_action(state, step)
            inputs = self.steps.step(before, next_action).unsqueeze(1)
            output, decoder_state = self.decoder(inputs, decoder_state, memory)
            before = self._choose_action(output, memory, next_action, sample).where(active, stop)
            actions.append(before)
            mask.append(active)
            state = self.system.advance(state, next_action.symbol, before)
        parts = (torch.stack(part, 1).unflatten(0, (sentences, count)) for part in (actions, mask))
        return DerivationBatch(*parts)

    def _choose_action(
        self, output: DecoderOutput, memory: Memory, next_action: NextAction, sample: bool
    ) -> Int[Tensor, " derivation"]:
        log_probs = self.system.action_log_probs(self.choose(output.features[:, 0]), next_action)
        chosen = self.system.stop + _pick(log_probs.exp(), sample)
        if not next_action.is_text.any():
            return chosen
        tokens = _pick(self.decoder.probabilities(output, memory)[:, 0], sample)
        return tokens.where(next_action.is_text, chosen)


class DerivationDecoder(nn.Module):
    """p(x | z): a pointer-generator that reads the linearised derivation."""

    def __init__(self, system: TransitionSystem, token_width: int, width: int, shortlist: int) -> None:
        super().__init__()
        end = system.stop + system.actions
        self.embedding = nn.Embedding(end + 1, token_width)
        self.encoder = BidirectionalGRU(token_width, width)
        self.decoder = PointerDecoder(end, min(shortlist, system.stop), token_width, width, width, False)

    def forward(self, texts: Texts, derivations: DerivationBatch) -> Reconstruction:
        """Returns log p(x | z) of the sentences given some derivations of each."""
        sentences, count = derivations.actions.shape[:2]
        flat, texts, end = derivations.flat(), append_end(texts, self.decoder.end), self.decoder.end
        texts = Texts(*(part.repeat_interleave(count, 0) for part in texts))
        states = self.encoder(self.embedding(flat.actions), flat.mask)
        memory = self.decoder.make_memory(states, flat.actions, flat.mask)
        inputs = self.embedding(F.pad(texts.ids[:, :-1], (1, 0), value=end))
        output: DecoderOutput = self.decoder(inputs, self.decoder.initial_state(memory), memory)[0]
        log_prob = self.decoder.log_prob(output, memory, texts.ids, texts.mask)
        # Nats a token of the sentence; the end is not counted as one.
        loss = -log_prob.sum() / (texts.mask.sum() - len(texts.ids)).clamp(min=1)
        return Reconstruction(loss, log_prob.sum(1).detach().unflatten(0, (sentences, count)))


class DerivationPrior(nn.Module):
    """log p(z): a GRU over actions."""

    def __init__(self, system: TransitionSystem, token_width: int, width: int, dropout: float) -> None:
        super().__init__()
        self.system, self.dropout = system, nn.Dropout(dropout)
        self.steps = _StepInputs(system, token_width)
        self.cell = nn.GRU(2 * token_width, width, batch_first=True)
        self.choose, self.words = nn.Linear(width, system.actions), nn.Linear(width, system.stop + 1)

    def forward(self, derivations: DerivationBatch) -> Float[Tensor, " derivation"]:
        """Returns log p(z) in nats."""
        next_action = self.system.trace(derivations)
        states = self.dropout(self.cell(self.steps(derivations, next_action))[0])
        in_text = derivations.mask & next_action.is_text
        logits = self.words(states[in_text]).float()
        words = -F.cross_entropy(logits, derivations.actions[in_text], reduction="none")
        log_prob = self.system.log_prob(self.choose(states), next_action, derivations)
        return log_prob.masked_scatter(in_text, words).sum(1)


class UniformActionPrior(nn.Module):
    """log p(z) where all valid actions of a step are equally likely."""

    def __init__(self, system: TransitionSystem) -> None:
        super().__init__()
        self.system = system

    def forward(self, derivations: DerivationBatch) -> Float[Tensor, " derivation"]:
        """Returns log p(z) in nats."""
        next_action = self.system.trace(derivations)
        tokens = self.system.stop + 1
        valid = torch.where(next_action.is_text, tokens, next_action.valid.sum(2)).clamp(min=1)
        return -valid.log().where(derivations.mask, 0).sum(1)


class _StepInputs(nn.Module):
    """What is read before each step: the last action and the symbol that is derived."""

    def __init__(self, system: TransitionSystem, token_width: int) -> None:
        super().__init__()
        self.first = system.stop + system.actions
        self.actions = nn.Embedding(self.first + 1, token_width)
        self.symbols = nn.Embedding(system.symbols + 1, token_width)

    def forward(
        self, derivations: DerivationBatch, next_action: NextAction
    ) -> Float[Tensor, "derivation step input"]:
        before = F.pad(derivations.actions[:, :-1], (1, 0), value=self.first)
        return torch.cat([self.actions(before), self.symbols(next_action.symbol)], 2)

    def step(
        self, before: Int[Tensor, " derivation"], next_action: NextAction
    ) -> Float[Tensor, "derivation input"]:
        """Returns what is read before one step."""
        return torch.cat([self.actions(before), self.symbols(next_action.symbol)], 1)


def _pick(probability: Float[Tensor, "derivation choice"], sample: bool) -> Int[Tensor, " derivation"]:
    return probability.multinomial(1).squeeze(1) if sample else probability.argmax(1)


def _repeat(memory: Memory, count: int) -> Memory:
    """Repeats every sentence, the copies one after the other."""
    return Memory(*(part.repeat_interleave(count, 0) for part in memory))
