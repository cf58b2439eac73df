"""Meanings between text and actions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sentrep.methods.struct_vae.grammar import Grammar
from sentrep.methods.struct_vae.logical_form import Action, format_logical_form, parse_logical_form
from tests.methods.struct_vae.test_grammar import HOUSE, write

WORDS = ["ten", "living", "room", 'a "loft"', "back\\yard"]


def encode(text: str) -> list[int]:
    return [WORDS.index(text)] if text in WORDS else [WORDS.index(word) for word in text.split()]


def decode(ids: Sequence[int]) -> str:
    return " ".join(WORDS[token] for token in ids)


CASES: list[tuple[str, list[Action]]] = [
    ("(Switch to=On device=Heating)", ["Switch", "On", "Heating", None]),
    ('(Switch to=Off device=(Lamp room="living room"))', ["Switch", "Off", "Lamp", 1, 2, None, None]),
    (
        '(Switch to=On device=Lamp after=(Minutes count="ten"))',
        ["Switch", "On", "Lamp", None, "Minutes", 0, None],
    ),
    ("Ask", ["Ask", None]),
    ('(Ask about=Heating about=(Lamp room="room"))', ["Ask", "Heating", "Lamp", 2, None, None]),
    (r'(Ask about=(Lamp room="a \"loft\""))', ["Ask", "Lamp", 3, None, None]),
    (r'(Ask about=(Lamp room="back\\yard"))', ["Ask", "Lamp", 4, None, None]),
]


@pytest.fixture
def grammar(tmp_path: Path) -> Grammar:
    return Grammar.read(write(tmp_path, HOUSE))


@pytest.mark.parametrize(("logical_form", "actions"), CASES)
def test_both_ways(logical_form: str, actions: list[Action], grammar: Grammar) -> None:
    assert parse_logical_form(grammar, logical_form, encode) == actions
    assert format_logical_form(grammar, actions, decode) == logical_form


def test_order_of_fields_spaces_and_needless_brackets_do_not_matter(grammar: Grammar) -> None:
    loose = ' ( Switch  device = (Heating) to=(On) after=(Minutes count = "ten") ) '
    assert parse_logical_form(grammar, loose, encode) == ["Switch", "On", "Heating", "Minutes", 0, None]


@pytest.mark.parametrize(
    ("logical_form", "says"),
    [
        ("", "expected a constructor of Command, at 'the end'"),
        ("Heating", "Heating is no constructor of Command"),
        ("(Swich to=On)", "did you mean 'Switch'"),
        ("(Switch to=On)", "Switch has no device, which must be a Device"),
        ("(Switch to=On device=Heating", r"\(Switch is not closed"),
        ("(Switch to=On to=Off device=Heating)", "Switch has one to only"),
        ("(Switch to=On devise=Heating)", "a field of Switch; did you mean 'device'"),
        ("(Switch On Heating)", "a field of Switch"),
        ("(Ask about=(Lamp room=room))", 'expected a "text", at \'room'),
        ("Ask Ask", "expected nothing more, at 'Ask'"),
        ("(Switch to=On device=?)", "a name or a text in quotes, at '[?][)]'"),
        ('(Switch to=On device=Heating) "', "expected [(], [)], a name"),
    ],
)
def test_what_is_no_meaning_is_refused_with_its_place(logical_form: str, says: str, grammar: Grammar) -> None:
    with pytest.raises(ValueError, match=says):
        parse_logical_form(grammar, logical_form, encode)
