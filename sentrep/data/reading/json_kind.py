"""What a .json file holds: JSON lines, an array of objects, or something that is not read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from sentrep.data.reading.decode import decode, lines, unpack
from sentrep.data.reading.json_elements import Damage, elements, parsed
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.utils.terminal import listed

LOOK = 20
"""Objects of an array in which the field of the text is looked for."""

LONG = 1 << 20
"""Characters of a first line that is not parsed here."""

_WANTED = "wanted is one object a line, or an array of objects ([{...}, {...}])"


class JsonKind(NamedTuple):
    """What was found in a .json file."""

    format: str
    """'jsonl' or 'json'; empty if the file cannot be read."""
    problem: Kind | None = None
    """Why it cannot be read, or should not be read in a folder."""
    what: str = ""
    """The problem in words."""
    line: int | None = None
    """Where the problem is, if the line is known."""


def json_kind(file: Path, text_field: str) -> JsonKind:
    """What a .json file holds.

    An array of which none of the first objects has the field of the text has the format 'json' and a problem:
    further objects may have it."""
    aside = ReadReport()
    blocks = decode(unpack(file, str(file), aside), str(file), aside)
    passed = head = ""
    for block in blocks:
        head = block.lstrip()
        passed = "\n" * (passed + block[: len(block) - len(head)]).count("\n")
        if head:
            break
    text = chain([passed, head], blocks)
    if head.startswith("["):
        return _array(text, text_field)
    if head:
        return _lines(text)
    for kind, examples in aside.examples.items():
        return JsonKind("", Kind(kind), examples[0].removeprefix(f"{file}: "))
    return JsonKind("", Kind.EMPTY_FILE, "there is nothing in it")


def _array(blocks: Iterator[str], text_field: str) -> JsonKind:
    names: dict[str, None] = {}
    damage: Damage | None = None
    objects, other = 0, ""
    found = elements(blocks)
    for element in islice(found, LOOK):
        if isinstance(element, Damage):
            damage = damage or element
        elif not isinstance(element.value, dict):
            other = other or element.text[:40]
        elif text_field in element.value:
            return JsonKind("json")
        else:
            objects += 1
            names |= dict.fromkeys(element.value)
    if damage is not None:
        kind = Kind.TOO_LARGE if damage.too_large else Kind.WRONG_JSON
        return JsonKind("", kind, damage.what, damage.line)
    if objects:
        more = next(found, None) is not None
        what = f"no field {text_field!r} in its {'first ' if more else ''}objects; there are {listed(names)}"
        return JsonKind("json" if more else "", Kind.NO_TEXT_FIELD, what)
    if other:
        return JsonKind("", Kind.NOT_AN_OBJECT, f"an array of values such as {other!r}; {_WANTED}")
    return JsonKind("", Kind.EMPTY_FILE, "an empty array")


def _lines(blocks: Iterator[str]) -> JsonKind:
    first = next(line for line in lines(blocks, LONG) if line.text is None or line.text.strip())
    if first.text is None:
        return JsonKind("jsonl")
    text = first.text.strip()
    try:
        value = parsed(text)
    except (ValueError, RecursionError) as caught:
        error: Exception = caught
        if text.startswith("{") and text.count("}") < text.count("{"):
            return JsonKind(
                "", Kind.WRONG_JSON, f"an object that runs over several lines; {_WANTED}", first.number
            )
        return JsonKind("", Kind.WRONG_JSON, f"{error}; {_WANTED}", first.number)
    if isinstance(value, dict):
        return JsonKind("jsonl")
    return JsonKind("", Kind.NOT_AN_OBJECT, f"{text[:40]!r}; {_WANTED}", first.number)
