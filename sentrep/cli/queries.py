"""Many queries of a file, answered one after the other; of an index of vectors, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from sentrep.cli.answers import Answer, of_vectors
from sentrep.cli.options import LINES
from sentrep.cli.texts import all_lines_of

if TYPE_CHECKING:
    from sentrep.api.indexes import Search

BATCH = 1024
"""Queries that are encoded and searched together."""


def in_batches(found: Search, file: str, k: int, as_json: bool) -> Iterator[tuple[str, Answer]]:
    """Each query of a file with its answer by an index of vectors."""
    queries = iter(list(all_lines_of((file,), LINES)))
    while some := list(islice(queries, BATCH)):
        for query, row in zip(some, found.many(some, k), strict=True):
            yield query, of_vectors(row, as_json)


def one_by_one(ask_for: Callable[[str], Answer], file: str) -> Iterator[tuple[str, Answer]]:
    """Each query of a file with its answer, where each is answered by itself."""
    for query in list(all_lines_of((file,), LINES)):
        yield query, ask_for(query)
