"""A JSON file that holds an array of objects: each is a document, as a line of JSON lines is."""

from __future__ import annotations

from collections.abc import Iterator

from sentrep.data.reading.decode import decode, unpack
from sentrep.data.reading.document import Fragment, Reading, Source
from sentrep.data.reading.json_elements import Damage, elements
from sentrep.data.reading.records import count_doubles, record_fragments, wrong_object
from sentrep.data.reading.report import Kind


def json_array(source: Source, reading: Reading) -> Iterator[Fragment]:
    """The fragments of all objects of an array, or of several arrays one after the other."""
    report = reading.report
    blocks = decode(unpack(source.path, source.name, report), source.name, report)
    for number, element in enumerate(elements(blocks), 1):
        where = f"{source.name}:{element.line}"
        if isinstance(element, Damage):
            kind = Kind.TOO_LARGE if element.too_large else Kind.WRONG_JSON
            what = f"{element.what}; {element.lost:,} characters are not read"
            report.problem(kind, where, what, characters=element.lost)
        elif isinstance(element.value, dict):
            count_doubles(element.text, where, reading)
            yield from record_fragments(element.value, f"{source.stem}#{number}", where, reading)
        else:
            wrong_object(element.text, where, report)
