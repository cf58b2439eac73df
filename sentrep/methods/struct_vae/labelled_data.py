"""What sentences mean: the few pairs of a sentence with a derivation of a grammar that there may be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Int
from torch import Tensor

from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.methods.struct_vae.meaning import derivation
from sentrep.methods.struct_vae.transition import Derived, Machine
from sentrep.modules.padding import Texts, of_lists
from sentrep.modules.reference_text import plain
from sentrep.utils.errors import InputError, opt


class Meanings(NamedTuple):
    """Sentences, and one derivation of each."""

    texts: Texts
    derived: Derived
    """(sentence, 1, step)."""

    def rows(self, chosen: Int[Tensor, " row"]) -> Meanings:
        """Some of them, no wider than the longest needs."""
        alive = self.derived.alive[chosen]
        steps = int(alive.sum(2).max()) if len(chosen) else 0
        return Meanings(
            self.texts.rows(chosen), Derived(self.derived.actions[chosen, :, :steps], alive[..., :steps])
        )

    def draw(self, count: int) -> Meanings:
        """So many of them, by chance, from torch's generator; all different, as far as there are so many."""
        return self.rows(torch.randperm(len(self.texts.ids), device=self.texts.ids.device)[:count])


def read_meanings(
    path: str,
    machine: Machine,
    tokenizer: Tokenizer,
    used: int | None,
    longest: int,
    device: torch.device | str = "cpu",
) -> Meanings:
    """JSON lines {text, meaning}: the first `used` that have no more than `longest` tokens, nor more actions
    than the machine allows.

    Raises:
        InputError: a line is no such record, or its meaning not of the grammar (file and line are named); or
            none is left.
    """
    file = Path(path).expanduser()
    if not file.is_file():
        raise InputError(
            f"{opt('pairs')} {path}: no such file; give JSON lines with the fields text and meaning"
        )
    texts, actions = list[list[int]](), list[list[int]]()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if len(texts) == used:
            break
        if line.strip():
            text, meaning = _pair(f"{file}:{number}", line, machine, tokenizer)
            if 0 < len(text) <= longest and len(meaning) <= machine.at_most:
                texts.append(text)
                actions.append(meaning)
    if not texts:
        limits = f"{longest} tokens and {machine.at_most} actions"
        raise InputError(
            f"{opt('pairs')} {path}: no pair to learn from that has at most {limits}; raise {opt('longest')} or {opt('at_most')}"
        )
    steps = of_lists(actions, device)
    derived = Derived(steps.ids.where(steps.alive, machine.stop).unsqueeze(1), steps.alive.unsqueeze(1))
    return Meanings(of_lists(texts, device), derived)


def _pair(where: str, line: str, machine: Machine, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """A sentence's tokens and its meaning's actions."""
    try:
        record = json.loads(line)
    except ValueError as error:
        raise InputError(
            f"{where}: not JSON ({error}); expected a line with the fields text and meaning"
        ) from error
    values = [record.get(name) if isinstance(record, dict) else None for name in ("text", "meaning")]
    if not all(isinstance(value, str) for value in values):
        raise InputError(f"{where}: expected a record with two texts, text and meaning")
    text, meaning = map(str, values)
    try:
        actions = derivation(machine.grammar, meaning, lambda words: plain(tokenizer, words))
    except ValueError as error:
        raise InputError(f"{where}: {error}") from error
    return tokenizer.encode(text), machine.numbers(actions)
