"""The answer to a query: hits, or why there are none; and where it is printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from sentrep.cli import hits
from sentrep.utils.errors import InputError, opt
from sentrep.utils.terminal import printable

if TYPE_CHECKING:
    from sentrep.api.indexes import Search
    from sentrep.inference.document_search import DocumentSearch
    from sentrep.search import Hit

NAMES = ("id", "title", "file")
"""What each document has; a filter takes it like a field."""
LISTED = 30
"""Names of fields that a message lists at most."""


class Answer(NamedTuple):
    """What a search found."""

    hits: str
    """The hits as text, or as one line of JSON for each; empty where there are none."""
    nothing: str = ""
    """Why there are none."""

    def show(self, as_json: bool, query: str | None = None) -> None:
        """Print it. With JSON, standard output has nothing but JSON.

        Args:
            as_json: whether the hits are JSON.
            query: of many queries, the one that is answered; it is printed as well.
        """
        if not as_json:
            shown = self.hits or self.nothing
            print(shown if query is None else f"> {query}\n{shown}\n")
        elif not self.hits:
            of = "" if query is None else f"{printable(query)}: "
            print(f"{of}{self.nothing}", file=sys.stderr)
        else:
            print(self.hits if query is None else with_query(self.hits, query))


def of_vectors(found: Sequence[Hit], as_json: bool) -> Answer:
    """The answer of an index of vectors."""
    return Answer(hits.of_vectors(found, as_json), hits.NO_KNOWN_WORDS["dense"])


def of_query(found: Search, k: int, as_json: bool, query: str) -> Answer:
    """The answer of an index of vectors to one query."""
    return of_vectors(found(query, k), as_json)


def of_documents(found: DocumentSearch, k: int, how: Mapping[str, Any], as_json: bool, query: str) -> Answer:
    """The answer of an index of documents.

    Args:
        found: the index.
        k: hits at most.
        how: further arguments of its search.
        as_json: whether hits become JSON.
        query: what is looked for.
    """
    shown = hits.as_json if as_json else hits.as_text
    lines = [shown(hit, found.best_sentence(query, hit)) for hit in found.search(query, k, **how)]
    return Answer("\n".join(lines), "" if lines else _nothing(found, how, query))


def _nothing(found: DocumentSearch, how: Mapping[str, Any], query: str) -> str:
    """Why a search found nothing."""
    mode = how.get("mode")
    if filters := how.get("filters"):
        names = list(NAMES)
        names += sorted({name for document in found.index.documents() for name in document.fields} - {*NAMES})
        if unknown := [name for name in filters if name not in names]:
            more = ", …" if len(names) > LISTED else ""
            there = ", ".join(map(printable, names[:LISTED])) + more
            return f"nothing found: no document has the field {unknown[0]!r}; fields are {there}"
        if found.search(query, 1, mode=mode):
            return hits.FILTERED
    return hits.NO_KNOWN_WORDS[mode or found.mode]


def with_query(shown: str, query: str) -> str:
    """Hits as lines of JSON, with the query as a field of each.

    >>> with_query('{"rank": 1}', "a fox")
    '{"query": "a fox", "rank": 1}'
    """
    # Not splitlines: JSON may hold U+2028 and other signs that end a line there.
    records = [json.loads(line) for line in shown.split("\n")]
    return "\n".join(json.dumps({"query": query, **record}, ensure_ascii=False) for record in records)


def filters_of(given: Sequence[str]) -> dict[str, str]:
    """The fields and values of ``FIELD=VALUE``.

    Raises:
        InputError: something else was given, or a field has two values.
    """
    found: dict[str, str] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if not (name and sign):
            raise InputError(f"{opt('filter')} {each}: write FIELD=VALUE")
        if found.setdefault(name, value) != value:
            raise InputError(
                f"{opt('filter')} {name}={found[name]} {name}={value}: give one value for each field"
            )
    return found
