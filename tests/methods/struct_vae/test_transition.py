"""The stack machine, against a recursive account of what a grammar can derive in so many actions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import torch

from sentrep.methods.struct_vae.grammar import Grammar, Symbol
from sentrep.methods.struct_vae.logical_form import Action
from sentrep.methods.struct_vae.transition import DerivationBatch, TransitionSystem
from tests.errors import refuses
from tests.methods.struct_vae.test_grammar import HOUSE, write

VOCAB = 2
"""Tokens 0 and 1."""
SMALL = "Thing = Pair(a: Leaf, b: Leaf?) | Many(of: Leaf*) | Deep(one: Thing)\nLeaf = Word(is: text) | Nil"


def system(place: Path, text: str = SMALL, max_actions: int = 6) -> TransitionSystem:
    return TransitionSystem(Grammar.read(write(place, text)), VOCAB, max_actions)


def every(grammar: Grammar, max_actions: int) -> set[tuple[int, ...]]:
    """All derivations of a grammar by recursion over symbols, without a stack."""
    number = {each.name: VOCAB + 1 + place for place, each in enumerate(grammar.constructors)}

    @cache
    def of(symbol: Symbol, room: int) -> tuple[tuple[int, ...], ...]:
        return tuple(found(symbol, room))

    def found(symbol: Symbol, room: int) -> Iterator[tuple[int, ...]]:
        if room < 1:
            return
        if symbol.type == "text" or symbol.times:
            yield (VOCAB,)
        if symbol.type == "text":
            yield from ((token, *rest) for token in range(VOCAB) for rest in of(symbol, room - 1))
            return
        for each in grammar.constructors:
            if each.type == symbol.type:
                parts = [field.symbol for field in each.fields] + [symbol] * (symbol.times == "*")
                yield from ((number[each.name], *rest) for rest in joined(tuple(parts), room - 1))

    def joined(parts: tuple[Symbol, ...], room: int) -> Iterator[tuple[int, ...]]:
        if not parts:
            yield ()
        else:
            for first in of(parts[0], room):
                yield from ((*first, *rest) for rest in joined(parts[1:], room - len(first)))

    return set(of(grammar.start, max_actions))


def walked(made: TransitionSystem) -> set[tuple[int, ...]]:
    """All derivations by trying every action that the machine allows."""
    waiting, done = [(made.initial_state(1), tuple[int, ...]())], set[tuple[int, ...]]()
    while waiting:
        state, so_far = waiting.pop()
        if not state.height[0]:
            done.add(so_far)
            continue
        seen = made.next_action(state, len(so_far))
        possible = [made.stop + place for place in seen.valid[0].nonzero().flatten().tolist()]
        possible += [*range(VOCAB)] if seen.is_text[0] else []
        assert possible, f"stuck after {so_far}"
        waiting += [
            (made.advance(state, seen.symbol, torch.tensor([each])), (*so_far, each)) for each in possible
        ]
    return done


def derived(rows: set[tuple[int, ...]]) -> DerivationBatch:
    steps = max(map(len, rows))
    actions = torch.tensor([[*row, *[VOCAB] * (steps - len(row))] for row in sorted(rows)])
    return DerivationBatch(actions, torch.arange(steps) < torch.tensor([[len(row)] for row in sorted(rows)]))


@pytest.mark.parametrize("max_actions", [3, 4, 5, 6, 7])
def test_what_can_be_reached_is_what_can_be_derived_in_time(max_actions: int, tmp_path: Path) -> None:
    made = system(tmp_path, max_actions=max_actions)
    wanted = every(made.grammar, max_actions)
    assert walked(made) == wanted
    assert len(wanted) > 3


def test_the_trace_of_derivations_allows_each_of_their_actions(tmp_path: Path) -> None:
    made = system(tmp_path)
    rows = derived(every(made.grammar, 6))
    seen = made.trace(rows)
    token = rows.mask & (rows.actions < VOCAB)
    structural = seen.valid.gather(2, (rows.actions - VOCAB).clamp(min=0).unsqueeze(2)).squeeze(2)
    assert seen.is_text[token].all()
    assert structural[rows.mask & ~token].all()
    assert (seen.symbol[~rows.mask] == made.symbols).all()
    assert not seen.valid[~rows.mask].any()


def test_choices_of_nothing_but_what_is_possible(tmp_path: Path) -> None:
    made = system(tmp_path)
    rows = derived(every(made.grammar, 6))
    seen = made.trace(rows)
    chances = made.action_log_probs(torch.randn(*seen.valid.shape), seen).exp()
    assert torch.allclose(chances.sum(2), torch.ones(rows.actions.shape))
    assert (chances[rows.mask][~seen.valid[rows.mask]] == 0).all()


def test_names_and_numbers(tmp_path: Path) -> None:
    made = system(tmp_path, HOUSE, 10)
    named: list[Action] = ["Switch", "On", "Lamp", 1, 0, None, None]
    numbers = made.numbers(named)
    assert numbers == [VOCAB + 1, VOCAB + 3, VOCAB + 5, 1, 0, VOCAB, VOCAB]
    assert made.names(numbers) == named


def test_too_few_actions_are_refused(tmp_path: Path) -> None:
    with refuses(setting="max_actions"):
        system(tmp_path, max_actions=1)
