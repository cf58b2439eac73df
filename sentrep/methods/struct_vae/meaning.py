"""Meanings as text, and as the actions that derive them by a grammar (`methods/struct_vae/grammar.py`).

    (Switch to=On device=(Lamp room="living room") after=(Minutes count="ten"))

An action is a constructor, by name; a token of a text, by id; or STOP, which is None: a text or a list is
over, or what is optional is not there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sentrep.methods.struct_vae.grammar import Grammar, Symbol
from sentrep.utils.errors import nearest

Action = int | str | None
Encode = Callable[[str], Sequence[int]]
Decode = Callable[[Sequence[int]], str]

_PART = re.compile(
    r'\s*(?:(?P<open>\()|(?P<close>\))|(?P<text>"(?:[^"\\]|\\.)*")|(?P<name>[A-Za-z_]\w*)(?P<fills>\s*=)?)'
)


def derivation(grammar: Grammar, meaning: str, encode: Encode) -> list[Action]:
    """The actions that derive a meaning.

    Raises:
        ValueError: the meaning is not of this grammar; says where and why.
    """
    reader = _Reader(grammar, meaning, encode)
    actions = reader.one(grammar.start)
    if (more := reader.next()) is not None:
        raise reader.wrong("expected nothing more", more)
    return actions


def written(grammar: Grammar, actions: Sequence[Action], decode: Decode) -> str:
    """The meaning that actions derive."""
    return _written(grammar, grammar.start, list(reversed(actions)), decode)[0]


def _written(grammar: Grammar, symbol: Symbol, waiting: list[Action], decode: Decode) -> list[str]:
    """Each of what a symbol derives; takes its actions from the end of `waiting`."""
    if symbol.type == "text":
        tokens = list[int]()
        while isinstance(token := waiting.pop(), int):
            tokens.append(token)
        escaped = re.sub(r'(["\\])', r"\\\1", decode(tokens))
        return [f'"{escaped}"'] if tokens else []
    found = list[str]()
    while (name := waiting.pop()) is not None:
        fields = grammar.named[str(name)].fields
        filled = [
            f"{field.name}={each}"
            for field in fields
            for each in _written(grammar, field.symbol, waiting, decode)
        ]
        found.append(f"({name} {' '.join(filled)})" if filled else str(name))
        if symbol.times != "*":
            break
    return found


class _Reader:
    """Reads a meaning from left to right."""

    def __init__(self, grammar: Grammar, meaning: str, encode: Encode) -> None:
        self.grammar, self.meaning, self.encode, self.place = grammar, meaning, encode, 0

    def one(self, symbol: Symbol) -> list[Action]:
        """Actions of exactly one of a type."""
        found = self.next()
        bracket = found is not None and found["open"] is not None
        if bracket:
            found = self.next()
        if found is None or found["name"] is None or found["fills"]:
            raise self.wrong(f"expected a constructor of {symbol.type}", found)
        name = found["name"]
        fitting = [each.name for each in self.grammar.constructors if each.type == symbol.type]
        if name not in fitting:
            raise self.wrong(f"{name} is no constructor of {symbol.type}; {nearest(name, fitting)}", found)
        return [name, *(self.fields(name) if bracket else self.joined(name, {}))]

    def fields(self, name: str) -> Iterator[Action]:
        """What stands between a constructor and its closing bracket."""
        symbols = {field.name: field.symbol for field in self.grammar.named[name].fields}
        filled = dict[str, list[list[Action]]]()
        while (found := self.next()) is None or not found["close"]:
            if found is None:
                raise self.wrong(f"({name} is not closed", found)
            symbol = symbols.get(found["name"] or "")
            if symbol is None or not found["fills"]:
                raise self.wrong(
                    f"expected ) or a field of {name}; {nearest(found['name'] or '', symbols)}", found
                )
            if found["name"] in filled and symbol.times != "*":
                raise self.wrong(f"{name} has one {found['name']} only", found)
            filled.setdefault(found["name"], []).append(
                self.text() if symbol.type == "text" else self.one(symbol)
            )
        return self.joined(name, filled)

    def joined(self, name: str, filled: dict[str, list[list[Action]]]) -> Iterator[Action]:
        """Actions of the fields, in the order of the grammar."""
        for field, symbol in self.grammar.named[name].fields:
            values = filled.get(field, [])
            if not values and not symbol.times and symbol.type != "text":
                raise ValueError(
                    f"{name} has no {field}, which is to be a {symbol.type}, in {self.meaning!r}"
                )
            for value in values:
                yield from value
            if symbol.type == "text" or symbol.times == "*" or not values:
                yield None

    def text(self) -> list[Action]:
        found = self.next()
        if found is None or found["text"] is None:
            raise self.wrong('expected a "text"', found)
        return list(self.encode(re.sub(r"\\(.)", r"\1", found["text"][1:-1])))

    def next(self) -> re.Match[str] | None:
        """What comes next, or None at the end."""
        found = _PART.match(self.meaning, self.place)
        if found is None and self.meaning[self.place :].strip():
            raise self.wrong("expected (, ), a name or a text in quotes", None)
        self.place = found.end() if found else len(self.meaning)
        return found

    def wrong(self, what: str, found: re.Match[str] | None) -> ValueError:
        """With the place where it was met."""
        start = self.place if found is None else found.start()
        return ValueError(
            f"{what}, at {self.meaning[start:].strip()[:30] or 'the end'!r} in {self.meaning!r}"
        )
