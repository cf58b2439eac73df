"""A transition system over a grammar, for many derivations at once: which actions are valid, and what has to
be derived after them.

Actions are numbers: the id of a token, then STOP, then the constructors in the order of the grammar. The
symbols that have to be derived are on a stack; the top symbol determines the valid actions. A derivation has
a limited number of actions: near the limit only those actions are valid from which it can be finished in
time. So every sampled derivation is well formed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from sentrep.methods.struct_vae.grammar import Grammar, Symbol
from sentrep.methods.struct_vae.logical_form import Action
from sentrep.utils.errors import InputError, opt


class DerivationBatch(NamedTuple):
    """Derivations as actions, padded with STOP."""

    actions: Int[Tensor, "*derivation step"]
    mask: Bool[Tensor, "*derivation step"]
    """True at actions, False at padding."""

    def flat(self) -> DerivationBatch:
        """Returns the derivations of all sentences in one dimension."""
        return DerivationBatch(self.actions.flatten(0, -2), self.mask.flatten(0, -2))


class ParserState(NamedTuple):
    """State of unfinished derivations."""

    stack: Int[Tensor, "derivation depth"]
    """Symbols that have to be derived."""
    height: Int[Tensor, " derivation"]
    """Number of these symbols."""
    remaining: Int[Tensor, " derivation"]
    """Smallest number of actions that finish the derivation."""


class NextAction(NamedTuple):
    """What determines the next action."""

    symbol: Int[Tensor, "*derivation"]
    """Number of the symbol that is derived; one more than there are symbols when the derivation is
    finished."""
    is_text: Bool[Tensor, "*derivation"]
    """Whether the symbol is a text, which may continue with any token."""
    valid: Bool[Tensor, "*derivation action"]
    """Which of STOP and the constructors are valid."""


class TransitionSystem(nn.Module):
    """The grammar as tables.

    Args:
        grammar: the grammar.
        vocab: number of token ids; STOP has the id `vocab`.
        max_actions: largest number of actions of a derivation.

    Raises:
        InputError: no derivation of the grammar is that short.
    """

    costs: Int[Tensor, " symbol"]
    """Number of actions of the shortest derivation of each symbol."""
    texts: Bool[Tensor, " symbol"]
    """Which symbols are texts."""
    possible: Bool[Tensor, "symbol action"]
    """Whether STOP and the constructors derive the symbol."""
    pushed: Int[Tensor, "symbol action place"]
    """Symbols that replace the symbol on the stack; the last action of these three tables is any token."""
    counts: Int[Tensor, "symbol action"]
    """Number of these symbols."""
    needed: Int[Tensor, "symbol action"]
    """Sum of their costs."""

    def __init__(self, grammar: Grammar, vocab: int, max_actions: int) -> None:
        super().__init__()
        shortest = grammar.shortest(grammar.start)
        if shortest > max_actions:
            raise InputError(
                f"{opt('max_actions')} {max_actions}: the shortest derivation has {shortest} "
                "actions; raise it"
            )
        self.grammar, self.stop, self.max_actions = grammar, vocab, max_actions
        self.symbols, self.actions = len(grammar.symbols), 1 + len(grammar.constructors)
        for name, table in self._tables().items():
            self.register_buffer(name, table, persistent=False)

    def _tables(self) -> dict[str, Tensor]:
        grammar, columns = self.grammar, range(self.actions + 1)
        rows = [[_after(grammar, symbol, action) for action in columns] for symbol in grammar.symbols]
        rows.append([None] * len(columns))  # nothing is valid when the derivation is finished
        number = {symbol: place for place, symbol in enumerate(grammar.symbols)}
        longest = max(len(after or ()) for row in rows for after in row)
        padded = [
            [[*map(number.__getitem__, after or ()), *[0] * longest][:longest] for after in row]
            for row in rows
        ]
        needed = [[sum(map(grammar.shortest, after or ())) for after in row] for row in rows]
        return {
            "costs": torch.tensor([*map(grammar.shortest, grammar.symbols), 0]),
            "texts": torch.tensor([*(symbol.type == "text" for symbol in grammar.symbols), False]),
            "possible": torch.tensor([[after is not None for after in row[:-1]] for row in rows]),
            "pushed": torch.tensor(padded).view(len(rows), len(columns), longest),
            "counts": torch.tensor([[len(after or ()) for after in row] for row in rows]),
            "needed": torch.tensor(needed),
        }

    def initial_state(self, derivations: int) -> ParserState:
        """Returns the state before the first action."""
        empty = self.costs.new_zeros(derivations, self.max_actions + self.pushed.shape[2] + 1)
        one = self.costs.new_ones(derivations)
        return ParserState(empty, one, one * self.costs[0])

    def next_action(self, state: ParserState, step: int) -> NextAction:
        """Returns which actions are valid after `step` actions."""
        top = state.stack.gather(1, (state.height - 1).clamp(min=0).unsqueeze(1)).squeeze(1)
        symbol = top.where(state.height > 0, self.symbols)
        left = self.max_actions - step - 1 - (state.remaining - self.costs[symbol])
        in_time = self.needed[symbol] <= left.unsqueeze(1)
        is_text = self.texts[symbol] & in_time[:, -1]
        return NextAction(symbol, is_text, self.possible[symbol] & in_time[:, :-1])

    def advance(
        self, state: ParserState, symbol: Int[Tensor, " derivation"], action: Int[Tensor, " derivation"]
    ) -> ParserState:
        """Returns the state after an action that derives the top symbol."""
        column = torch.where(action < self.stop, self.actions, action - self.stop)
        count, place = self.counts[symbol, column], torch.arange(self.pushed.shape[2], device=action.device)
        base = (state.height - 1).clamp(min=0).unsqueeze(1)
        # The last place of the stack takes what is not pushed and is never read.
        places = (base + place).where(place < count.unsqueeze(1), state.stack.shape[1] - 1)
        stack = state.stack.scatter(1, places, self.pushed[symbol, column])
        remaining = state.remaining - self.costs[symbol] + self.needed[symbol, column]
        return ParserState(stack, base.squeeze(1) + count, remaining)

    def trace(self, derivations: DerivationBatch) -> NextAction:
        """Returns what was valid at each step of known derivations."""
        state, found = self.initial_state(len(derivations.actions)), list[NextAction]()
        for step, action in enumerate(derivations.actions.unbind(1)):
            found.append(self.next_action(state, step))
            state = self.advance(state, found[-1].symbol, action)
        return NextAction(*(torch.stack(part, 1) for part in zip(*found, strict=True)))

    def action_log_probs(
        self, logits: Float[Tensor, "*derivation action"], next_action: NextAction
    ) -> Float[Tensor, "*derivation action"]:
        """Returns log-probabilities of STOP and the constructors among the valid ones.

        Of a text that must end, STOP has probability 1.
        """
        finished = ~next_action.valid.any(-1, keepdim=True)  # nothing is valid, but the result is finite
        return logits.float().masked_fill(~(next_action.valid | finished), -torch.inf).log_softmax(-1)

    def log_prob(
        self,
        logits: Float[Tensor, "derivation step action"],
        next_action: NextAction,
        derivations: DerivationBatch,
    ) -> Float[Tensor, "derivation step"]:
        """Returns log-probabilities of the actions that are not part of texts; 0 for the others."""
        column = (derivations.actions - self.stop).clamp(min=0).unsqueeze(2)
        found = self.action_log_probs(logits, next_action).gather(2, column).squeeze(2)
        return found.where(derivations.mask & ~next_action.is_text, 0)

    def numbers(self, actions: Sequence[Action]) -> list[int]:
        """Returns the numbers of actions."""
        named = {each.name: self.stop + 1 + place for place, each in enumerate(self.grammar.constructors)}
        return [
            named[each] if isinstance(each, str) else self.stop if each is None else each for each in actions
        ]

    def names(self, actions: Sequence[int]) -> list[Action]:
        """Returns the actions with these numbers; the inverse of `numbers`."""
        constructors = [None, *(each.name for each in self.grammar.constructors)]
        return [each if each < self.stop else constructors[each - self.stop] for each in actions]


def _after(grammar: Grammar, symbol: Symbol, action: int) -> list[Symbol] | None:
    """Returns what replaces a symbol on the stack, the next symbol last; None if the action is invalid."""
    if action == 0:
        return [] if symbol.times or symbol.type == "text" else None
    if action > len(grammar.constructors):
        return [symbol] if symbol.type == "text" else None
    constructor = grammar.constructors[action - 1]
    if constructor.type != symbol.type:
        return None
    return [*[symbol] * (symbol.times == "*"), *(field.symbol for field in reversed(constructor.fields))]
