"""What is embedded: texts with their ids and further fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

from sentrep.utils.errors import InputError

Record: TypeAlias = tuple[str, str] | tuple[str, str, Mapping[str, str]]
"""Id, text, and further fields where there are any."""


class Item(NamedTuple):
    """One text."""

    id: str
    text: str
    fields: Mapping[str, str] = {}

    def line(self) -> str:
        """The item as a line of JSON. It is ASCII, so that even a lone surrogate comes back as it was."""
        line = {"id": self.id, "text": self.text, **({"fields": dict(self.fields)} if self.fields else {})}
        return json.dumps(line) + "\n"

    @classmethod
    def from_line(cls, line: str) -> Item:
        """Read what `line` wrote. ValueError, KeyError or TypeError where it is no such line."""
        fields = json.loads(line)
        return cls(fields["id"], fields["text"], fields.get("fields", {}))


def checked(given: Iterable[Record], first: int) -> list[Item]:
    """Items, after their types were checked.

    Args:
        given: pairs of id and text, or triples with a mapping of further fields, names to texts.
        first: the number of the first one, from 0, for messages.

    Raises:
        InputError: an item is something else.

    >>> checked([("a", "one"), ("b", "two", {"page": "3"})], 0)[1].fields
    {'page': '3'}
    """
    items = list[Item]()
    for number, each in enumerate(given, start=first + 1):
        if not _is_item(each):
            raise InputError(
                f"item {number} is not a pair of strings (id, text) but {each!r}", setting="texts"
            )
        item = Item(*each)
        if not all(isinstance(part, str) for field in item.fields.items() for part in field):
            raise InputError(
                f"item {number}: fields are names with texts, not {item.fields!r}", setting="texts"
            )
        items.append(item)
    return items


def lines_of(items: Iterable[Item]) -> bytes:
    """The lines of JSON of some items."""
    return "".join(item.line() for item in items).encode()


def not_one_string(texts: object) -> None:
    """Refuse a single string where a collection of texts is expected.

    Raises:
        InputError: `texts` is a string.
    """
    if isinstance(texts, str):
        raise InputError(
            f"texts is one string, {texts[:40]!r}; give a list of them, even if it is a list of one",
            setting="texts",
        )


def strings(texts: Iterable[str], first: int) -> None:
    """Refuse texts that are no strings.

    Args:
        texts: what is to be embedded.
        first: the number of the first one, from 0, for the message.

    Raises:
        InputError: names the first that is no string.
    """
    for number, text in enumerate(texts, start=first + 1):
        if not isinstance(text, str):
            raise InputError(f"text {number} is not a string but {text!r}", setting="texts")


def _is_item(given: object) -> bool:
    if not isinstance(given, tuple) or len(given) not in (2, 3):
        return False
    fields = given[2] if len(given) == 3 else {}
    return all(type(part) is str for part in given[:2]) and isinstance(fields, Mapping)
