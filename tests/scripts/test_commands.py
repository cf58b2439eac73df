"""The worked example of a grammar: its commands are what it says they are. That they can be learnt is
measured, not tested."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.logical_form import parse_logical_form
from tests.paths import SCRIPTS

EXAMPLE = SCRIPTS / "commands"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(EXAMPLE)
    return importlib.import_module("commands")


def test_commands_mean_what_the_grammar_derives(commands: ModuleType) -> None:
    grammar, made = Grammar.read(EXAMPLE / "commands.grammar"), commands.generate(500, seed=0)
    used = set()
    for text, logical_form in made:
        actions = parse_logical_form(grammar, logical_form, lambda words: list(range(len(words.split()))))
        assert len(actions) <= 24
        used |= {action for action in actions if isinstance(action, str)}
        assert all(said in text for said in re.findall(r'"(.*?)"', logical_form))  # so it can be copied
    assert used == set(grammar.named)
    assert len({command.text for command in made}) == 500


def test_commands_are_those_of_their_seed(commands: ModuleType) -> None:
    assert commands.generate(20, seed=1) == commands.generate(20, seed=1) != commands.generate(20, seed=2)
