"""Many queries of a file, answered one after the other; of an index of vectors, in batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from sentrep.cli import hits
from sentrep.cli.options import LINES
from sentrep.cli.texts import lines_of

if TYPE_CHECKING:
    from sentrep.api.indexes import Search

BATCH = 1024
"""Queries that are encoded and searched together."""


def of_vectors(found: Search, file: str, k: int, as_json: bool) -> Iterator[str]:
    """What to print for each query of a file, in an index of vectors."""
    queries = iter(lines_of((file,), LINES))
    while some := list(islice(queries, BATCH)):
        for query, row in zip(some, found.many(some, k), strict=True):
            yield answer(query, hits.of_vectors(row, as_json), as_json)


def one_by_one(ask_for: Callable[[str], str], file: str, as_json: bool) -> Iterator[str]:
    """What to print for each query of a file, where each is answered by itself."""
    for query in lines_of((file,), LINES):
        yield answer(query, ask_for(query), as_json)


def answer(query: str, shown: str, as_json: bool) -> str:
    """The hits of a query under it; of hits as JSON the query is a field of each.

    >>> print(answer("a fox", " 0.912  7  The fox.", False))
    > a fox
     0.912  7  The fox.
    <BLANKLINE>
    """
    if not as_json:
        return f"> {query}\n{shown}\n"
    return "\n".join(_with_query(query, line) for line in shown.splitlines() if line.startswith("{"))


def _with_query(query: str, line: str) -> str:
    hit: dict[str, Any] = json.loads(line)
    return json.dumps({"query": query, **hit}, ensure_ascii=False)
