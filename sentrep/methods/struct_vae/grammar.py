"""A user-defined grammar, whose derivations are logical forms of sentences.

    # Commands for a house.
    Command = Switch(to: Power, device: Device, after: Time?) | Ask(about: Device*)
    Power   = On | Off
    Device  = Lamp(room: text) | Heating
    Time    = Minutes(count: text) | Hours(count: text)

A type has constructors, and a constructor has fields; the first type is that of a whole logical form. A field
holds one value of its type, at most one (`?`), or any number (`*`). A field of type `text` holds tokens. This
is the part of the abstract syntax description language (ASDL) that logical forms need. A logical form is
written

    (Switch to=On device=(Lamp room="living room") after=(Minutes count="ten"))

without empty fields (`methods/struct_vae/logical_form.py`). It is derived from the top, left to right, by
actions: a constructor where a type is expected, a token or STOP where a text is, STOP where an optional field
or a list ends. So the valid actions depend on one symbol, the next to be derived, and the symbols that follow
are on a stack (`methods/struct_vae/transition.py`).

Reference:
    "The Zephyr abstract syntax description language", Wang et al., DSL 1997.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sentrep.utils.errors import InputError, at, nearest, opt
from sentrep.utils.files import expanded

INFINITE = 10**6
"""Stands for the length of the shortest derivation where there is none."""

_NAME = r"[A-Za-z_]\w*"
_FIELD = re.compile(rf"\s*({_NAME})\s*:\s*({_NAME})\s*([?*]?)\s*")
_CONSTRUCTOR = re.compile(rf"\s*({_NAME})\s*(?:\(([^()]*)\))?\s*")
_TYPE = re.compile(rf"({_NAME})\s*=(.*)", re.DOTALL)


class Symbol(NamedTuple):
    """A type that has to be derived, and how often."""

    type: str
    """A type of the grammar, or `text`."""
    times: str = ""
    """`?`, `*`, or empty for exactly one."""


class Field(NamedTuple):
    """A field of a constructor."""

    name: str
    symbol: Symbol


@dataclass(frozen=True)
class Constructor:
    """A constructor of a type."""

    type: str
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Grammar:
    """Types with their constructors, in the order of the file."""

    constructors: tuple[Constructor, ...]

    @classmethod
    def read(cls, path: str | Path) -> Grammar:
        """Reads a file of definitions; a line that begins with a space or ``|`` continues the previous one.

        Raises:
            InputError: the file is missing or a line is wrong; the message names file and line.
        """
        file = expanded(path)
        if not file.is_file():
            raise InputError(
                f"{opt('grammar')} {at(path)}: no such file; give a file of lines like  Power = On | Off"
            )
        constructors, lines = _read_constructors(file)
        grammar = cls(tuple(constructors))
        _check_types(grammar, file, lines)
        for name in grammar.by_type:
            if grammar.shortest(Symbol(name)) >= INFINITE:
                raise InputError(
                    f"{at(file, lines[name])}: {name} never ends: each of its constructors contains "
                    f"another {name}"
                )
        return grammar

    @cached_property
    def by_type(self) -> dict[str, list[int]]:
        """Indices of the constructors of each type."""
        found: dict[str, list[int]] = {}
        for number, each in enumerate(self.constructors):
            found.setdefault(each.type, []).append(number)
        return found

    @cached_property
    def named(self) -> dict[str, Constructor]:
        """The constructors by name."""
        return {each.name: each for each in self.constructors}

    @property
    def start(self) -> Symbol:
        """The symbol of a whole logical form."""
        return Symbol(self.constructors[0].type)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """All symbols that can have to be derived, the start first."""
        fields = (field.symbol for each in self.constructors for field in each.fields)
        return list(dict.fromkeys([self.start, *fields]))

    def shortest(self, symbol: Symbol) -> int:
        """Returns the number of actions of its shortest derivation, including STOP."""
        return 1 if symbol.times or symbol.type == "text" else self._shortest[symbol.type]

    @cached_property
    def _shortest(self) -> dict[str, int]:
        found = dict.fromkeys(self.by_type, INFINITE)
        for _ in self.by_type:  # each round settles one type or more
            for each in self.constructors:
                fields = (field.symbol for field in each.fields)
                length = 1 + sum(
                    1 if symbol.times or symbol.type == "text" else found[symbol.type] for symbol in fields
                )
                found[each.type] = min(found[each.type], length)
        return found


def _read_constructors(file: Path) -> tuple[list[Constructor], dict[str, int]]:
    """Returns the constructors, and the lines that define types and constructors."""
    constructors, lines = list[Constructor](), dict[str, int]()
    for number, definition in _definitions(file.read_text(encoding="utf-8")):
        try:
            defined = _constructors(definition)
            for name in [defined[0].type, *(each.name for each in defined)]:
                if name in lines:
                    raise ValueError(f"{name} is already defined in line {lines[name]}")
                lines[name] = number
        except ValueError as error:
            raise InputError(f"{at(file, number)}: {error}") from error
        constructors += defined
    if not constructors:
        raise InputError(f"{at(file)}: contains no definition; expected lines like  Power = On | Off")
    return constructors, lines


def _check_types(grammar: Grammar, file: Path, lines: dict[str, int]) -> None:
    """Checks that the type of every field is defined."""
    known = [*grammar.by_type, "text"]
    for each in grammar.constructors:
        for field in each.fields:
            if field.symbol.type not in known:
                wrong = f"{each.name} has a field of type {field.symbol.type}, which no line defines"
                hint = nearest(field.symbol.type, known)
                raise InputError(f"{at(file, lines[each.name])}: {wrong}; {hint}")


def _definitions(text: str) -> Iterator[tuple[int, str]]:
    """Yields each definition with the number of its first line."""
    begun, definition = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#")[0].rstrip()
        if line.startswith((" ", "\t", "|")) and definition:
            definition += f" {line}"
        elif line:
            if definition:
                yield begun, definition
            begun, definition = number, line
    if definition:
        yield begun, definition


def _constructors(definition: str) -> list[Constructor]:
    """Returns the constructors of a definition. Raises ValueError if it is none."""
    found = _TYPE.fullmatch(definition.strip())
    if found is None:
        raise ValueError(
            f"{definition.strip()!r} is no definition; expected  Type = Constructor(field: Type, …) | …"
        )
    if found[1] == "text":
        raise ValueError("text is the type of tokens; choose another name for this type")
    return [_constructor(found[1], part) for part in found[2].split("|")]


def _constructor(name: str, part: str) -> Constructor:
    found = _CONSTRUCTOR.fullmatch(part)
    if found is None:
        raise ValueError(
            f"{part.strip()!r} is no constructor; expected a name, perhaps with (field: Type, …)"
        )
    fields = tuple(map(_field, found[2].split(","))) if found[2] and found[2].strip() else ()
    names = [field.name for field in fields]
    for place, each in enumerate(names):
        if each in names[:place]:
            raise ValueError(f"{found[1]} has two fields {each}; give them different names")
    return Constructor(name, found[1], fields)


def _field(part: str) -> Field:
    found = _FIELD.fullmatch(part)
    if found is None:
        raise ValueError(f"{part.strip()!r} is no field; expected  name: Type,  name: Type?  or  name: Type*")
    if found[2] == "text" and found[3]:
        raise ValueError(
            f"{found[1]}: text{found[3]} is no type; a text has any number of tokens, also none: write text"
        )
    return Field(found[1], Symbol(found[2], found[3]))
