"""A grammar of one's own, whose derivations are meanings of sentences.

    # What a house can be told.
    Command = Switch(to: Power, device: Device, after: Time?) | Ask(about: Device*)
    Power   = On | Off
    Device  = Lamp(room: text) | Heating
    Time    = Minutes(count: text) | Hours(count: text)

A type is one of its constructors, and a constructor has fields; the first type is what a sentence means. A
field is of a type: one of it, perhaps one (`?`), or any number (`*`). A field `text` is filled with tokens.
This is the abstract syntax description language (ASDL) of "The Zephyr abstract syntax description language",
Wang et al., DSL 1997, as far as meanings need it. A meaning is written

    (Switch to=On device=(Lamp room="living room") after=(Minutes count="ten"))

with fields left out that are empty (`methods/struct_vae/meaning.py`). It is derived from the top by actions,
left to right: a constructor where a type is expected, a token or STOP where a text is, STOP where nothing
(more) comes. So which actions are possible depends on one symbol, the next to be derived, and the symbols
still to come are a stack (`methods/struct_vae/transition.py`)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from sentrep.utils.errors import InputError, nearest, opt

ENDLESS = 10**6
"""Actions that the shortest derivation of a symbol takes, where there is none."""

_NAME = r"[A-Za-z_]\w*"
_FIELD = re.compile(rf"\s*({_NAME})\s*:\s*({_NAME})\s*([?*]?)\s*")
_CONSTRUCTOR = re.compile(rf"\s*({_NAME})\s*(?:\(([^()]*)\))?\s*")
_TYPE = re.compile(rf"({_NAME})\s*=(.*)", re.DOTALL)


class Symbol(NamedTuple):
    """What is to be derived next."""

    type: str
    """A type of the grammar, or `text`."""
    times: str = ""
    """`?`, `*`, or nothing for exactly one."""


class Field(NamedTuple):
    """A part of a meaning."""

    name: str
    symbol: Symbol


@dataclass(frozen=True)
class Constructor:
    """One way to be of a type."""

    type: str
    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Grammar:
    """Types, each with its constructors, in the order of the file."""

    constructors: tuple[Constructor, ...]

    @classmethod
    def read(cls, path: str | Path) -> Grammar:
        """A file of definitions; a line that begins with a space or with ``|`` goes on with the one before.

        Raises:
            InputError: what is wrong, in which file and line.
        """
        file = Path(path).expanduser()
        if not file.is_file():
            raise InputError(
                f"{opt('grammar')} {path}: no such file; give a file of lines like  Power = On | Off"
            )
        constructors: list[Constructor] = []
        lines: dict[str, int] = {}
        for number, definition in _definitions(file.read_text(encoding="utf-8")):
            try:
                defined = _constructors(definition)
                for name in [defined[0].type, *(each.name for each in defined)]:
                    if name in lines:
                        raise ValueError(f"{name} is defined in line {lines[name]} already")
                    lines[name] = number
                constructors += defined
            except ValueError as error:
                raise InputError(f"{file}:{number}: {error}") from error
        grammar = cls(tuple(constructors))
        for each in constructors:
            for field in each.fields:
                if field.symbol.type != "text" and field.symbol.type not in grammar.by_type:
                    known = [*grammar.by_type, "text"]
                    wrong = f"{each.name} has a field of type {field.symbol.type}, which no line defines"
                    raise InputError(
                        f"{file}:{lines[each.name]}: {wrong}; {nearest(field.symbol.type, known)}"
                    )
        if not constructors:
            raise InputError(f"{file}: defines nothing; expected lines like  Power = On | Off")
        for name in grammar.by_type:
            if grammar.shortest(Symbol(name)) >= ENDLESS:
                raise InputError(
                    f"{file}:{lines[name]}: {name} never ends: each of its constructors needs another {name} in the end"
                )
        return grammar

    @cached_property
    def by_type(self) -> dict[str, list[int]]:
        """Numbers of the constructors of each type."""
        found: dict[str, list[int]] = {}
        for number, each in enumerate(self.constructors):
            found.setdefault(each.type, []).append(number)
        return found

    @cached_property
    def named(self) -> dict[str, Constructor]:
        """Each constructor, by name."""
        return {each.name: each for each in self.constructors}

    @property
    def start(self) -> Symbol:
        """What a sentence means."""
        return Symbol(self.constructors[0].type)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """All that can ever be next, the start first."""
        fields = (field.symbol for each in self.constructors for field in each.fields)
        return list(dict.fromkeys([self.start, *fields]))

    def shortest(self, symbol: Symbol) -> int:
        """Actions of its shortest derivation, STOP among them."""
        return 1 if symbol.times or symbol.type == "text" else self._shortest[symbol.type]

    @cached_property
    def _shortest(self) -> dict[str, int]:
        found = dict.fromkeys(self.by_type, ENDLESS)
        for _ in self.by_type:  # each round settles one type or more
            for each in self.constructors:
                fields = (field.symbol for field in each.fields)
                length = 1 + sum(
                    1 if symbol.times or symbol.type == "text" else found[symbol.type] for symbol in fields
                )
                found[each.type] = min(found[each.type], length)
        return found


def _definitions(text: str) -> Iterator[tuple[int, str]]:
    """Each definition with the number of its first line."""
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
    """Those of one type. Raises ValueError for what is no definition."""
    found = _TYPE.fullmatch(definition.strip())
    if found is None:
        raise ValueError(
            f"{definition.strip()!r} defines nothing; expected  Type = Constructor(field: Type, …) | …"
        )
    name, constructors = found[1], list[Constructor]()
    if name == "text":
        raise ValueError("text is there already: it is a field of tokens; call the type something else")
    for part in found[2].split("|"):
        one = _CONSTRUCTOR.fullmatch(part)
        if one is None:
            raise ValueError(
                f"{part.strip()!r} is no constructor; expected a name, perhaps with (field: Type, …)"
            )
        fields = tuple(map(_field, one[2].split(","))) if one[2] and one[2].strip() else ()
        twice = [
            each.name
            for place, each in enumerate(fields)
            if each.name in {other.name for other in fields[:place]}
        ]
        if twice:
            raise ValueError(f"{one[1]} has two fields {twice[0]}; give them different names")
        constructors.append(Constructor(name, one[1], fields))
    return constructors


def _field(part: str) -> Field:
    found = _FIELD.fullmatch(part)
    if found is None:
        raise ValueError(f"{part.strip()!r} is no field; expected  name: Type,  name: Type?  or  name: Type*")
    if found[2] == "text" and found[3]:
        raise ValueError(
            f"{found[1]}: text{found[3]} is no type; a text has any number of tokens, none among them: write text"
        )
    return Field(found[1], Symbol(found[2], found[3]))
