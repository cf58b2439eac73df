"""A stack machine over a grammar, for many derivations at once: what may come next, and what is to come after
it.

Actions are numbers: the id of a token, then STOP, then the constructors in the grammar's order. The symbols
that are still to be derived are a stack; the one on top says which actions are possible. No derivation takes
more than so many actions: near the end only those remain from which it can still be finished in time. So
whatever is drawn is well formed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.methods.struct_vae.grammar import Grammar, Symbol
from sentrep.methods.struct_vae.meaning import Action
from sentrep.utils.errors import InputError, opt


class Derived(NamedTuple):
    """Derivations, as actions; what stands beyond the last one is not alive, and STOP."""

    actions: Int[Tensor, "*derivation step"]
    alive: Bool[Tensor, "*derivation step"]

    def flat(self) -> Derived:
        """Those of all sentences in one row."""
        return Derived(self.actions.flatten(0, -2), self.alive.flatten(0, -2))


class Frontier(NamedTuple):
    """What is known of unfinished derivations."""

    stack: Int[Tensor, "derivation depth"]
    height: Int[Tensor, " derivation"]
    owed: Int[Tensor, " derivation"]
    """Actions that it takes at least to finish."""


class Situation(NamedTuple):
    """What decides over one action."""

    symbol: Int[Tensor, "*derivation"]
    """The number of what is to be derived next; after the end, one more than there are."""
    writes: Bool[Tensor, "*derivation"]
    """Whether that is a text, which may go on with any token."""
    allowed: Bool[Tensor, "*derivation action"]
    """Which of STOP and the constructors are possible."""


class Machine(nn.Module):
    """The grammar as tables.

    Args:
        grammar: whose derivations these are.
        vocab: token ids there are; STOP has the id `vocab`.
        at_most: actions of a derivation.
    """

    costs: Int[Tensor, " symbol"]
    """Actions of the shortest derivation of each."""
    texts: Bool[Tensor, " symbol"]
    possible: Bool[Tensor, "symbol action"]
    """Of STOP and the constructors, as in the two that follow, which have a column for any token besides."""
    pushed: Int[Tensor, "symbol action place"]
    """What then takes the symbol's place on the stack."""
    counts: Int[Tensor, "symbol action"]
    needed: Int[Tensor, "symbol action"]
    """The costs of that."""

    def __init__(self, grammar: Grammar, vocab: int, at_most: int) -> None:
        super().__init__()
        if grammar.shortest(grammar.start) > at_most:
            raise InputError(
                f"{opt('at_most')} {at_most}: the shortest derivation has {grammar.shortest(grammar.start)} actions; raise it"
            )
        self.grammar, self.stop, self.at_most = grammar, vocab, at_most
        self.symbols, self.actions = len(grammar.symbols), 1 + len(grammar.constructors)
        rows = [
            [_after(grammar, symbol, action) for action in range(self.actions + 1)]
            for symbol in grammar.symbols
        ]
        rows.append([None] * (self.actions + 1))  # when all is derived nothing is possible
        number = {symbol: place for place, symbol in enumerate(grammar.symbols)}
        longest = max(len(after or ()) for row in rows for after in row)
        padded = [
            [[*map(number.__getitem__, after or ()), *[0] * longest][:longest] for after in row]
            for row in rows
        ]
        tables = {
            "costs": torch.tensor([*map(grammar.shortest, grammar.symbols), 0]),
            "texts": torch.tensor([*(symbol.type == "text" for symbol in grammar.symbols), False]),
            "possible": torch.tensor([[after is not None for after in row[:-1]] for row in rows]),
            "pushed": torch.tensor(padded).view(len(rows), self.actions + 1, longest),
            "counts": torch.tensor([[len(after or ()) for after in row] for row in rows]),
            "needed": torch.tensor(
                [[sum(map(grammar.shortest, after or ())) for after in row] for row in rows]
            ),
        }
        for name, table in tables.items():
            self.register_buffer(name, table, persistent=False)

    def begin(self, derivations: int) -> Frontier:
        """Before the first action."""
        spare = self.costs.new_zeros(derivations, self.at_most + self.pushed.shape[2] + 1)
        one = self.costs.new_ones(derivations)
        return Frontier(spare, one, one * self.costs[0])

    def look(self, frontier: Frontier, step: int) -> Situation:
        """What may come next, after `step` actions."""
        top = frontier.stack.gather(1, (frontier.height - 1).clamp(min=0).unsqueeze(1)).squeeze(1)
        symbol = top.where(frontier.height > 0, self.symbols)
        room = self.at_most - step - 1 - (frontier.owed - self.costs[symbol])
        in_time = self.needed[symbol] <= room.unsqueeze(1)
        return Situation(symbol, self.texts[symbol] & in_time[:, -1], self.possible[symbol] & in_time[:, :-1])

    def advance(
        self, frontier: Frontier, symbol: Int[Tensor, " derivation"], action: Int[Tensor, " derivation"]
    ) -> Frontier:
        """After an action in place of the symbol on top."""
        column = torch.where(action < self.stop, self.actions, action - self.stop)
        count, place = self.counts[symbol, column], torch.arange(self.pushed.shape[2], device=action.device)
        base = (frontier.height - 1).clamp(min=0).unsqueeze(1)
        places = (base + place).where(
            place < count.unsqueeze(1), frontier.stack.shape[1] - 1
        )  # the last one is never read
        stack = frontier.stack.scatter(1, places, self.pushed[symbol, column])
        return Frontier(
            stack, base.squeeze(1) + count, frontier.owed - self.costs[symbol] + self.needed[symbol, column]
        )

    def trace(self, derived: Derived) -> Situation:
        """What could have come at each step of known derivations."""
        frontier, seen = self.begin(len(derived.actions)), list[Situation]()
        for step, action in enumerate(derived.actions.unbind(1)):
            seen.append(self.look(frontier, step))
            frontier = self.advance(frontier, seen[-1].symbol, action)
        return Situation(*(torch.stack(part, 1) for part in zip(*seen, strict=True)))

    def choices(
        self, logits: Float[Tensor, "*derivation action"], situation: Situation
    ) -> Float[Tensor, "*derivation action"]:
        """Log-probabilities of STOP and the constructors among those that are possible. Of a text that must
        end STOP is certain."""
        over = ~situation.allowed.any(-1, keepdim=True)  # where nothing is possible, something finite
        return logits.float().masked_fill(~(situation.allowed | over), -torch.inf).log_softmax(-1)

    def told(
        self, logits: Float[Tensor, "derivation step action"], situation: Situation, derived: Derived
    ) -> Float[Tensor, "derivation step"]:
        """Log-probabilities of the actions that are no parts of texts; 0 for others."""
        column = (derived.actions - self.stop).clamp(min=0).unsqueeze(2)
        found = self.choices(logits, situation).gather(2, column).squeeze(2)
        return found.where(derived.alive & ~situation.writes, 0)

    def numbers(self, actions: Sequence[Action]) -> list[int]:
        """Of actions by name."""
        named = {each.name: self.stop + 1 + place for place, each in enumerate(self.grammar.constructors)}
        return [
            named[each] if isinstance(each, str) else self.stop if each is None else each for each in actions
        ]

    def names(self, actions: Sequence[int]) -> list[Action]:
        """The way back."""
        constructors = [None, *(each.name for each in self.grammar.constructors)]
        return [each if each < self.stop else constructors[each - self.stop] for each in actions]


def _after(grammar: Grammar, symbol: Symbol, action: int) -> list[Symbol] | None:
    """What takes a symbol's place on the stack, the next one last; None where the action is impossible."""
    if action == 0:
        return [] if symbol.times or symbol.type == "text" else None
    if action > len(grammar.constructors):
        return [symbol] if symbol.type == "text" else None
    constructor = grammar.constructors[action - 1]
    if constructor.type != symbol.type:
        return None
    return [*[symbol] * (symbol.times == "*"), *(field.symbol for field in reversed(constructor.fields))]
