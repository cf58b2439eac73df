"""Logical forms as text, and as the actions that derive them by a grammar
(`methods/struct_vae/grammar.py`).

    (Switch to=On device=(Lamp room="living room") after=(Minutes count="ten"))

An action is a constructor, by name; a token of a text, by id; or STOP, which is None: a text or a list ends,
or an optional field is empty.
"""

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


def parse_logical_form(grammar: Grammar, text: str, encode: Encode) -> list[Action]:
    """Returns the actions that derive a logical form.

    Args:
        grammar: the grammar.
        text: the logical form.
        encode: makes token ids of the texts in it.

    Raises:
        ValueError: the grammar does not derive it; the message says where and why.
    """
    reader = _Reader(grammar, text, encode)
    actions = reader.one(grammar.start)
    if (more := reader.next()) is not None:
        raise reader.wrong("expected nothing more", more)
    return actions


def format_logical_form(grammar: Grammar, actions: Sequence[Action], decode: Decode) -> str:
    """Returns the logical form that actions derive; the inverse of `parse_logical_form`."""
    return _format(grammar, grammar.start, list(reversed(actions)), decode)[0]


def _format(grammar: Grammar, symbol: Symbol, actions: list[Action], decode: Decode) -> list[str]:
    """Returns what a symbol derives; takes its actions from the end of the list."""
    if symbol.type == "text":
        return _format_text(actions, decode)
    found = list[str]()
    while (name := actions.pop()) is not None:
        filled = [
            f"{field.name}={each}"
            for field in grammar.named[str(name)].fields
            for each in _format(grammar, field.symbol, actions, decode)
        ]
        found.append(f"({name} {' '.join(filled)})" if filled else str(name))
        if symbol.times != "*":
            break
    return found


def _format_text(actions: list[Action], decode: Decode) -> list[str]:
    tokens = list[int]()
    while isinstance(token := actions.pop(), int):
        tokens.append(token)
    escaped = re.sub(r'(["\\])', r"\\\1", decode(tokens))
    return [f'"{escaped}"'] if tokens else []


class _Reader:
    """Reads a logical form from left to right."""

    def __init__(self, grammar: Grammar, form: str, encode: Encode) -> None:
        self.grammar, self.form, self.encode, self.place = grammar, form, encode, 0

    def one(self, symbol: Symbol) -> list[Action]:
        """Returns the actions of exactly one value of a type."""
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
        """Returns the actions of what is between a constructor and its closing bracket."""
        symbols = {field.name: field.symbol for field in self.grammar.named[name].fields}
        filled = dict[str, list[list[Action]]]()
        while (found := self.next()) is None or not found["close"]:
            if found is None:
                raise self.wrong(f"({name} is not closed", found)
            symbol = symbols.get(found["name"] or "")
            if symbol is None or not found["fills"]:
                hint = nearest(found["name"] or "", symbols)
                raise self.wrong(f"expected ) or a field of {name}; {hint}", found)
            if found["name"] in filled and symbol.times != "*":
                raise self.wrong(f"{name} has one {found['name']} only", found)
            value = self.text() if symbol.type == "text" else self.one(symbol)
            filled.setdefault(found["name"], []).append(value)
        return self.joined(name, filled)

    def joined(self, name: str, filled: dict[str, list[list[Action]]]) -> Iterator[Action]:
        """Yields the actions of the fields, in the order of the grammar."""
        for field, symbol in self.grammar.named[name].fields:
            values = filled.get(field, [])
            if not values and not symbol.times and symbol.type != "text":
                raise ValueError(f"{name} has no {field}, which must be a {symbol.type}, in {self.form!r}")
            for value in values:
                yield from value
            if symbol.type == "text" or symbol.times == "*" or not values:
                yield None

    def text(self) -> list[Action]:
        """Returns the tokens of a text in quotes."""
        found = self.next()
        if found is None or found["text"] is None:
            raise self.wrong('expected a "text"', found)
        return list(self.encode(re.sub(r"\\(.)", r"\1", found["text"][1:-1])))

    def next(self) -> re.Match[str] | None:
        """Returns the next part, or None at the end."""
        found = _PART.match(self.form, self.place)
        if found is None and self.form[self.place :].strip():
            raise self.wrong("expected (, ), a name or a text in quotes", None)
        self.place = found.end() if found else len(self.form)
        return found

    def wrong(self, what: str, found: re.Match[str] | None) -> ValueError:
        """Returns an error that names the place."""
        start = self.place if found is None else found.start()
        place = self.form[start:].strip()[:30] or "the end"
        return ValueError(f"{what}, at {place!r} in {self.form!r}")
