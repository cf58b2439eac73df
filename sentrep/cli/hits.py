"""Search hits as text for a terminal, and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.utils.terminal import COLUMNS, cut_middle, printable, width, wrapped

if TYPE_CHECKING:
    from sentrep.search import Hit
    from sentrep.search.documents import PassageHit

ID = 60
"""Longest id that is shown; as JSON it is complete."""
INDENT = "    "
NO_KNOWN_WORDS = {
    "hybrid": "no known words: neither the index nor its model knows a word of the query",
    "dense": "no known words: the model of the index knows no word of the query",
    "lexical": "no known words: the index has no word of the query",
}
"""Mode of a search -> why nothing was found for a query of unknown words."""
FILTERED = "nothing found: no document with these fields fits the query"
MARK = "**"
"""Marks around the best sentence of a passage."""


def of_vectors(hits: Sequence[Hit], as_lines_of_json: bool = False) -> str:
    """Hits of an index of vectors: cosine, id and text, in lines of at most 100 columns."""
    if as_lines_of_json:
        return "\n".join(json.dumps(asdict(hit), ensure_ascii=False) for hit in hits)
    return "\n".join(map(_of_vector, hits))


def _of_vector(hit: Hit) -> str:
    head = f"{hit.score:6.3f}  {cut_middle(printable(hit.id), ID)}  "
    indent = " " * 8
    lines = wrapped(printable(hit.text or ""), COLUMNS - len(indent), width(head) - len(indent))
    return head + f"\n{indent}".join(lines)


def as_text(hit: PassageHit, best: tuple[int, int]) -> str:
    """A hit for a terminal: title and heading, or the file's name where there are none; file and position,
    why it was found, and the passage.

    Args:
        hit: to be shown.
        best: the sentence of the passage to be marked: first character, and one past the last.
    """
    above = " > ".join(dict.fromkeys(part for part in (hit.document.title, *hit.heading) if part))
    place = f"{_relative(hit.document.file) or hit.document.id}:{hit.span[0]}-{hit.span[1]}"
    scores = f"score {hit.scores.score:.3f}, {_rank('dense', hit.scores.dense_rank)}, "
    scores += _rank("lexical", hit.scores.lexical_rank)
    body = _passage(hit.text, best)
    head = f"{hit.rank:2}. {printable(above or Path(hit.document.file).name or hit.document.id)}"
    position = f"{cut_middle(printable(place), COLUMNS - len(INDENT))}  ({scores})"
    below = [*wrapped(position, COLUMNS - len(INDENT)), *_also(hit), *body]
    return "\n".join([cut_middle(head, COLUMNS), *(INDENT + line for line in below)])


def _also(hit: PassageHit) -> list[str]:
    """Lines that name the other documents with the same words."""
    if not hit.also:
        return []
    named = ", ".join(_relative(document.file) or document.id for document in hit.also)
    return wrapped(f"also in {printable(named)}", COLUMNS - len(INDENT))


def _passage(text: str, best: tuple[int, int]) -> list[str]:
    """The lines of a passage: prose wrapped, with the best sentence marked; tables and code as they stand."""
    from sentrep.data.splitting.passages import find_blocks

    start, end = best
    marked = f"{text[:start]}{MARK}{text[start:end].strip()}{MARK} {text[end:]}" if end > start else text
    lines: list[str] = []
    at = 0
    for first, last in [*find_blocks(marked), (len(marked), len(marked))]:
        prose = printable(" ".join(marked[at:first].split()))
        lines += wrapped(prose, COLUMNS - len(INDENT))
        for row in filter(str.strip, marked[first:last].splitlines()):
            fits = width(row) <= COLUMNS - len(INDENT)
            lines += [printable(row)] if fits else wrapped(printable(row), COLUMNS - len(INDENT))
        at = last
    return lines


def as_json(hit: PassageHit, best: tuple[int, int]) -> str:
    """A hit as one line of JSON."""
    record: dict[str, Any] = {
        "rank": hit.rank,
        "id": hit.id,
        "document": hit.document.id,
        "title": hit.document.title,
        "headings": list(hit.heading),
        "file": hit.document.file,
        "also": [document.id for document in hit.also],
        "fields": dict(hit.document.fields),
        "start": hit.span[0],
        "end": hit.span[1],
        "text": hit.text,
        "best_sentence": hit.text[slice(*best)].strip(),
        **hit.scores._asdict(),
    }
    return json.dumps(record, ensure_ascii=False)


def _rank(name: str, rank: int | None) -> str:
    return f"{name} rank {rank}" if rank else f"no {name} match"


def _relative(file: str) -> str:
    """A path below the working directory without that part."""
    if file and Path(file).is_relative_to(Path.cwd()):
        return os.path.relpath(file)
    return file
