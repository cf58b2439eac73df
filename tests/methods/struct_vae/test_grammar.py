"""Grammars: what is read from a file, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from sentrep.methods.struct_vae.grammar import Constructor, Field, Grammar, Symbol
from sentrep.utils.errors import InputError
from tests.errors import refuses

HOUSE = """# What a house can be told.
Command = Switch(to: Power, device: Device, after: Time?)
        | Ask(about: Device*)   # of as many as one likes

Power   = On | Off
Device  = Lamp(room: text)
| Heating
Time    = Minutes(count: text)
"""


def write(place: Path, text: str) -> Path:
    file = place / "my.grammar"
    file.write_text(text, encoding="utf-8")
    return file


def test_types_constructors_and_fields(tmp_path: Path) -> None:
    found = Grammar.read(write(tmp_path, HOUSE))
    device, time = Symbol("Device"), Symbol("Time", "?")
    assert found.constructors == (
        Constructor(
            "Command", "Switch", (Field("to", Symbol("Power")), Field("device", device), Field("after", time))
        ),
        Constructor("Command", "Ask", (Field("about", Symbol("Device", "*")),)),
        Constructor("Power", "On", ()),
        Constructor("Power", "Off", ()),
        Constructor("Device", "Lamp", (Field("room", Symbol("text")),)),
        Constructor("Device", "Heating", ()),
        Constructor("Time", "Minutes", (Field("count", Symbol("text")),)),
    )
    assert found.start == Symbol("Command") == found.symbols[0]
    assert len(found.symbols) == 6  # Time is only ever an option
    assert found.by_type["Device"] == [4, 5]


def test_shortest_derivations(tmp_path: Path) -> None:
    found = Grammar.read(write(tmp_path, HOUSE))
    shortest = {symbol: found.shortest(symbol) for symbol in found.symbols}
    assert shortest[Symbol("Device")] == 1  # Heating
    assert shortest[Symbol("Command")] == 2  # Ask, STOP
    assert shortest[Symbol("text")] == shortest[Symbol("Time", "?")] == shortest[Symbol("Device", "*")] == 1
    lists = Grammar.read(
        write(tmp_path, "List = Cons(first: Item, rest: List) | Two(a: Item, b: Item)\nItem = I(name: text)")
    )
    assert lists.shortest(lists.start) == 5


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A = B\nC D", 2),
        ("A = B | \n", 1),
        ("A = B(c)", 1),
        ("A = B(c: text*)", 1),
        ("A = B(c: D)\n\nE = F", 1),
        ("Power = On(by: Powr)", 1),
        ("A = B\nC = B", 2),
        ("A = B\nA = C", 2),
        ("A = B(c: text, c: text)", 1),
        ("text = A", 1),
        ("A = B\nC = D(c: C)", 2),
        ("A = B(c: C)\nC = D(a: A)", 1),
        ("A = B(c: text", 1),
    ],
)
def test_what_is_no_grammar_is_refused_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    with refuses(place=f"my.grammar:{line}"):
        Grammar.read(write(tmp_path, text))


def test_a_file_that_is_missing_or_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        Grammar.read(tmp_path / "none.grammar")
    assert error.value.setting == "grammar"
    with refuses(place="my.grammar"):
        Grammar.read(write(tmp_path, "# nothing\n\n"))
