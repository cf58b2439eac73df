"""Derivations of a grammar as the latent structure of a sentence: a meaning that a parser finds, and that is
put into words again.

    q(z | x) = Π_k q(a_k | a_<k, x)      p(z) = Π_k p(a_k | a_<k)      p(x | z) = Π_t p(x_t | x_<t, z)

"StructVAE: Tree-structured latent variable models for semi-supervised semantic parsing", Yin, Zhou, He &
Neubig, ACL 2018, section
3. Parser and prior choose among the actions that the grammar allows, so all they say and draw is well formed.
The parser attends to the sentence and copies from it; the writer attends to the linearised derivation and
copies from that. GRUs for LSTMs; what is told of a parent is the symbol that is to be derived."""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.meaning import written
from sentrep.methods.struct_vae.structures import Restored, Structures
from sentrep.methods.struct_vae.transition import Derived, Machine, Situation
from sentrep.modules.padding import Texts, ended
from sentrep.modules.pointer_generator import Memory, Outcome, PointerDecoder, Reader, State


class Derivations(Structures[Derived]):
    """The three distributions over derivations.

    Args:
        grammar: whose derivations these are.
        vocab: token ids there are.
        token_width: of the token vectors that the parser reads, and of all rows.
        width: of all states; even.
        shortlist: so many of the first ids can be written without being copied.
        at_most: actions of a derivation.
        dropout: in the prior; the parser's token vectors come dropped out.
        learnt_prior: else all actions that are possible at a step are equally likely.
    """

    def __init__(
        self,
        grammar: Grammar,
        vocab: int,
        token_width: int,
        width: int,
        shortlist: int,
        at_most: int,
        dropout: float,
        learnt_prior: bool = True,
    ) -> None:
        super().__init__()
        self.grammar, self.machine = grammar, Machine(grammar, vocab, at_most)
        self.parser = DerivationParser(self.machine, token_width, width, shortlist)
        self.writer = DerivationWriter(self.machine, token_width, width, shortlist)
        self.prior = (
            DerivationPrior(self.machine, token_width, width // 2, dropout)
            if learnt_prior
            else EvenPrior(self.machine)
        )

    def posterior(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> Parsing:
        return Parsing(self.parser, self.parser.read(texts, tokens))

    def log_prior(self, structures: Derived) -> Float[Tensor, "sentence structure"]:
        told: Tensor = self.prior(structures.flat())
        return told.view(structures.actions.shape[:2])

    def restore(self, texts: Texts, structures: Derived) -> Restored:
        found: Restored = self.writer(texts, structures)
        return found

    def meters(self, best: Derived) -> dict[str, Tensor]:
        """`distinct`: share of a batch's derivations that would be left without doubles. `actions`: their
        length."""
        different = best.alive.new_tensor(len(best.actions[:, 0].unique(dim=0)), dtype=torch.float32)
        return {
            "distinct": different / max(1, len(best.actions)),
            "actions": best.alive.sum(2).float().mean(),
        }

    def agreement(self, best: Derived, given: Derived) -> dict[str, Tensor]:
        """How often all actions are those that were given."""
        steps = max(best.actions.shape[2], given.actions.shape[2])
        mine, theirs = (
            F.pad(each.actions, (0, steps - each.actions.shape[2]), value=self.machine.stop)
            for each in (best, given)
        )
        return {"labelled_exact": (mine == theirs).all(2).float().mean()}

    def written(self, best: Derived, tokenizer: Tokenizer) -> list[str]:
        """Meanings as text, of the first derivation of each sentence."""
        rows = zip(best.actions[:, 0].tolist(), best.alive[:, 0].sum(1).tolist(), strict=True)
        return [
            written(self.grammar, self.machine.names(row[:length]), tokenizer.decode) for row, length in rows
        ]


class Parsing(NamedTuple):
    """q(z | x) of some sentences. What is drawn from it has been drawn step by step, so its entropy is only
    known by samples."""

    parser: DerivationParser
    memory: Memory

    @property
    def entropy(self) -> None:
        return None

    def sample(self, count: int) -> Derived:
        """So many independent derivations of each sentence."""
        return self.parser.write(self.memory, count, drawn=True)

    def viterbi(self) -> Derived:
        """One derivation of each sentence: the likeliest action each time."""
        return self.parser.write(self.memory, 1, drawn=False)

    def log_probability(self, structures: Derived) -> Float[Tensor, "sentence structure"]:
        told: Tensor = self.parser(_each(self.memory, structures.actions.shape[1]), structures.flat())
        return told.view(structures.actions.shape[:2])


class DerivationParser(nn.Module):
    """q(z | x): a GRU over actions that attends to the sentence. At each step it reads the last action and
    the symbol that is to be derived; a text is written by a pointer-generator."""

    def __init__(self, machine: Machine, token_width: int, width: int, shortlist: int) -> None:
        super().__init__()
        self.machine = machine
        self.steps = _Steps(machine, token_width)
        self.reader = Reader(token_width, width)
        self.decoder = PointerDecoder(machine.stop, shortlist, 2 * token_width, width, width, False)
        self.choose = nn.Linear(width, machine.actions)

    def read(self, texts: Texts, tokens: Float[Tensor, "sentence position token_width"]) -> Memory:
        """Sentences, ready to be parsed."""
        return self.decoder.remember(self.reader(tokens, texts.alive), texts.ids, texts.alive)

    def forward(self, memory: Memory, derived: Derived) -> Float[Tensor, " derivation"]:
        """log q(z | x)."""
        situation = self.machine.trace(derived)
        outcome: Outcome = self.decoder(self.steps(derived, situation), self.decoder.begin(memory), memory)[0]
        writing = derived.alive & situation.writes
        told = self.decoder.log_probability(
            outcome, memory, derived.actions.where(writing, self.machine.stop), writing
        )
        return (self.machine.told(self.choose(outcome.features), situation, derived) + told).sum(1)

    @torch.no_grad()
    def write(self, memory: Memory, count: int, drawn: bool) -> Derived:
        """Derivations of each sentence: drawn, or by the likeliest action each time."""
        sentences, memory = len(memory.ids), _each(memory, count)
        state: State = self.decoder.begin(memory)
        frontier, stop = self.machine.begin(len(memory.ids)), self.machine.stop
        before, actions, alive = (
            torch.full_like(frontier.height, self.steps.first),
            list[Tensor](),
            list[Tensor](),
        )
        for step in range(self.machine.at_most):
            going = frontier.height > 0
            if not going.any():
                break
            situation = self.machine.look(frontier, step)
            outcome, state = self.decoder(self.steps.one(before, situation).unsqueeze(1), state, memory)
            chances = self.machine.choices(self.choose(outcome.features[:, 0]), situation).exp()
            chosen = stop + _pick(chances, drawn)
            if situation.writes.any():
                chosen = _pick(self.decoder.probabilities(outcome, memory)[:, 0], drawn).where(
                    situation.writes, chosen
                )
            before = chosen.where(going, stop)
            actions.append(before)
            alive.append(going)
            frontier = self.machine.advance(frontier, situation.symbol, before)
        return Derived(*(torch.stack(part, 1).unflatten(0, (sentences, count)) for part in (actions, alive)))


class DerivationWriter(nn.Module):
    """p(x | z): a pointer-generator that reads the linearised derivation."""

    def __init__(self, machine: Machine, token_width: int, width: int, shortlist: int) -> None:
        super().__init__()
        end = machine.stop + machine.actions
        self.rows = nn.Embedding(end + 1, token_width)
        self.reader = Reader(token_width, width)
        self.decoder = PointerDecoder(end, min(shortlist, machine.stop), token_width, width, width, False)

    def forward(self, texts: Texts, derived: Derived) -> Restored:
        sentences, count = derived.actions.shape[:2]
        flat, texts, end = derived.flat(), ended(texts, self.decoder.end), self.decoder.end
        texts = Texts(*(part.repeat_interleave(count, 0) for part in texts))
        memory = self.decoder.remember(
            self.reader(self.rows(flat.actions), flat.alive), flat.actions, flat.alive
        )
        outcome: Outcome = self.decoder(
            self.rows(F.pad(texts.ids[:, :-1], (1, 0), value=end)), self.decoder.begin(memory), memory
        )[0]
        told = self.decoder.log_probability(outcome, memory, texts.ids, texts.alive)
        loss = -told.sum() / (texts.alive.sum() - len(texts.ids)).clamp(
            min=1
        )  # a token of the sentence, its end thrown in
        return Restored(loss, told.sum(1).detach().unflatten(0, (sentences, count)))


class DerivationPrior(nn.Module):
    """log p(z): a GRU over actions."""

    def __init__(self, machine: Machine, token_width: int, width: int, dropout: float) -> None:
        super().__init__()
        self.machine, self.dropout = machine, nn.Dropout(dropout)
        self.steps = _Steps(machine, token_width)
        self.cell = nn.GRU(2 * token_width, width, batch_first=True)
        self.choose, self.words = nn.Linear(width, machine.actions), nn.Linear(width, machine.stop + 1)

    def forward(self, derived: Derived) -> Float[Tensor, " derivation"]:
        situation = self.machine.trace(derived)
        states = self.dropout(self.cell(self.steps(derived, situation))[0])
        writing = derived.alive & situation.writes
        words = -F.cross_entropy(
            self.words(states[writing]).float(), derived.actions[writing], reduction="none"
        )
        told = self.machine.told(self.choose(states), situation, derived)
        return told.masked_scatter(writing, words).sum(1)


class EvenPrior(nn.Module):
    """Every action that is possible at a step is as likely as another."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self.machine = machine

    def forward(self, derived: Derived) -> Float[Tensor, " derivation"]:
        situation = self.machine.trace(derived)
        possible = torch.where(situation.writes, self.machine.stop + 1, situation.allowed.sum(2)).clamp(min=1)
        return -possible.log().where(derived.alive, 0).sum(1)


class _Steps(nn.Module):
    """What is read before each step: the last action, and the symbol that is to be derived."""

    def __init__(self, machine: Machine, token_width: int) -> None:
        super().__init__()
        self.first = machine.stop + machine.actions
        self.rows = nn.Embedding(self.first + 1, token_width)
        self.symbols = nn.Embedding(machine.symbols + 1, token_width)

    def forward(self, derived: Derived, situation: Situation) -> Float[Tensor, "derivation step input"]:
        before = F.pad(derived.actions[:, :-1], (1, 0), value=self.first)
        return torch.cat([self.rows(before), self.symbols(situation.symbol)], 2)

    def one(
        self, before: Int[Tensor, " derivation"], situation: Situation
    ) -> Float[Tensor, "derivation input"]:
        """The same for one step."""
        return torch.cat([self.rows(before), self.symbols(situation.symbol)], 1)


def _pick(chances: Float[Tensor, "derivation choice"], drawn: bool) -> Int[Tensor, " derivation"]:
    return chances.multinomial(1).squeeze(1) if drawn else chances.argmax(1)


def _each(memory: Memory, count: int) -> Memory:
    """Every sentence so many times, one after the other."""
    return Memory(*(part.repeat_interleave(count, 0) for part in memory))
