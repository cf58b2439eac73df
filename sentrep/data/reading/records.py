"""Records with fields (JSON lines, rows of tables): from a record to the parts of a document."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from sentrep.data.reading.document import (
    LIMIT,
    Fragment,
    Reading,
    Source,
    arranged,
    edge_of,
    has_letter,
)
from sentrep.data.reading.ids import unused
from sentrep.data.reading.json_elements import parsed
from sentrep.data.reading.portions import portions
from sentrep.data.reading.report import Kind, ReadReport
from sentrep.data.reading.source_lines import source_lines
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.terminal import listed

_JSON_KINDS = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    dict: "an object",
    list: "a list that holds more than strings",
}

LONGEST_FIELD = 1000
"""Characters of a further field that is kept; a longer one is rather a text of its own."""

__all__ = ["count_doubles", "has_text_column", "is_kept", "json_lines", "record_fragments", "wrong_object"]


def json_lines(source: Source, reading: Reading) -> Iterator[Fragment]:
    """One object a line. The text is a string, or a list of strings: sentences already."""
    for line in source_lines(source, reading):
        if line.text.strip():
            where = f"{source.name}:{line.number}"
            record = _parsed(line.text, where, reading)
            if record is not None:
                yield from record_fragments(record, f"{source.stem}#{line.number}", where, reading)


def record_fragments(
    record: Mapping[str, Any], place: str, where: str, reading: Reading
) -> Iterator[Fragment]:
    """The fragments of one record; `place` is its id where it brings none."""
    config, report = reading.config, reading.report
    found = _text(record, where, reading)
    if found is None:
        return
    text, lines = found
    id_field = next((name for name in config.id_fields if record.get(name) not in (None, "")), None)
    title = record.get(config.title_field)
    if id_field is None:
        identity = place
    else:
        identity = _sound(str(record[id_field]), where, report)
        if not reading.ids.add(identity):
            given, identity = identity, unused(identity, reading.ids)
            number = identity.removeprefix(given)
            report.problem(Kind.SAME_ID, where, f"{given[:60]!r}; read as {given[:60] + number!r}")
    title = " ".join(_sound(_title(title), where, report).split())
    if not lines and "\n" in text.replace("\n\n", ""):
        layout = reading.layout(text, where)
        text, lines = arranged(text, layout, edge_of(text, layout)), layout == "lines"
    begins, fields = True, _further(record, (config.text_field, config.title_field, id_field))
    for portion in portions([text]):
        yield Fragment(begins, identity, title, portion.text, lines, fields=fields)
        begins = False


def _title(value: object) -> str:
    """The text of a title, which may be a number or a date; empty for anything else."""
    if isinstance(value, bool) or value != value:  # not a number
        return ""
    return str(value) if isinstance(value, str | int | float | Decimal | date) else ""


def _further(record: Mapping[str, Any], known: Collection[str | None]) -> tuple[tuple[str, str], ...]:
    """Fields of a record besides those known (text, title and id) that are kept, as texts."""
    return tuple(
        (str(name), str(value)) for name, value in record.items() if name not in known and is_kept(value)
    )


def is_kept(value: object) -> bool:
    """Whether a further field is kept: a text of moderate length, a number, a truth value or a date.

    >>> is_kept("Berlin"), is_kept(1917), is_kept(date(1917, 3, 8)), is_kept(""), is_kept(["a", "b"])
    (True, True, True, False, False)
    """
    if isinstance(value, str):
        return 0 < len(value) <= LONGEST_FIELD
    return isinstance(value, int | float | Decimal | date)


def has_text_column(names: list[str], source: Source, reading: Reading, separator: str = "") -> bool:
    """Whether a table has the column of the text; counts it if not.

    Args:
        names: of the columns.
        source: the file.
        reading: knows the name of the column.
        separator: what separates the cells, if it is a sign.

    Raises InputError for a file that the user named."""
    field = reading.config.text_field
    if field in names:
        return True
    by = f" (separated by {separator!r})" if separator else ""
    what = f"no column {field!r}; there are {', '.join(map(repr, names))}{by}"
    if source.named:
        raise InputError(f"{at(source.name)}: {what} (choose one with {opt('text_field')})")
    reading.report.problem(Kind.NO_TEXT_COLUMN, source.name, what)
    return False


def _parsed(line: str, where: str, reading: Reading) -> dict[str, Any] | None:
    report = reading.report
    try:
        record = parsed(line)
    except (ValueError, RecursionError) as error:
        hint = "; a JSON array? wanted is one object a line" if line.strip()[0] in "[]" else ""
        report.problem(Kind.WRONG_JSON, where, f"{error}{hint}", characters=len(line))
        return None
    if not isinstance(record, dict):
        wrong_object(line, where, report)
        return None
    count_doubles(line, where, reading)
    return record


def wrong_object(text: str, where: str, report: ReadReport) -> None:
    """Count a value that is no object."""
    what = f"{text.strip()[:40]!r}; wanted is {{...}}"
    report.problem(Kind.NOT_AN_OBJECT, where, what, characters=len(text))


def count_doubles(text: str, where: str, reading: Reading) -> None:
    """Count a text that another field of the same name replaces, in the JSON text of a record."""
    if text.count(json.dumps(reading.config.text_field)) < 2:
        return

    def check(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        texts = [value for key, value in pairs if key == reading.config.text_field]
        if len(texts) > 1:
            lost = sum(len(text) for text in texts[:-1] if isinstance(text, str))
            what = f"{reading.config.text_field!r}; the last one is read"
            reading.report.problem(Kind.SAME_COLUMN, where, what, characters=lost)
        return dict(pairs)

    parsed(text, check)


def _text(record: Mapping[str, Any], where: str, reading: Reading) -> tuple[str, bool] | None:
    """The text of a record and whether its lines are sentences; None, and a count, where there is none."""
    field, report = reading.config.text_field, reading.report
    if field not in record:
        report.problem(
            Kind.NO_TEXT_FIELD, where, f"no field {field!r} among {listed(record)}", characters=_size(record)
        )
        return None
    text, lines = record[field], reading.config.split == "lines"
    if isinstance(text, list) and all(isinstance(sentence, str) for sentence in text):
        text, lines = "\n".join(" ".join(sentence.split()) for sentence in text), True
    if not isinstance(text, str):
        kind = _JSON_KINDS.get(type(text), type(text).__name__)
        report.problem(Kind.NOT_A_STRING, where, f"field {field!r} is {kind}", characters=_size(text))
        return None
    if len(text) > LIMIT:
        report.problem(
            Kind.TOO_LARGE, where, f"{len(text):,} characters; more than {LIMIT:,}", characters=len(text)
        )
        return None
    text = _sound(text, where, report)
    if not text or text.isspace():
        report.problem(Kind.EMPTY_TEXT, where, f"field {field!r} is empty")
        return None
    if not has_letter(text):
        report.problem(Kind.NO_LETTER, where, f"{text.strip()[:40]!r}; skipped")
        return None
    return text.replace("\r\n", "\n").replace("\r", "\n"), lines


def _size(value: object) -> int:
    """Characters in the strings of a value that is not read."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_size, value.values()))
    return sum(map(_size, value)) if isinstance(value, list) else 0


def _sound(text: str, where: str, report: ReadReport) -> str:
    """Text without NUL and without halves of surrogate pairs, both of which escapes in JSON can contain."""
    if "\0" in text:
        report.problem(Kind.NUL, where, f"{text.count(chr(0))} dropped", times=text.count("\0"))
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        report.problem(Kind.SURROGATE, where, f"{text[error.start]!a}; replaced")
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
