"""Counts of what an encoder does not read."""

from __future__ import annotations

from sentrep.data.truncation import Truncation


def test_texts_and_tokens_beyond_the_limit_are_counted() -> None:
    counts = Truncation()
    counts.add([10, 4, 4, 2], limit=4)
    assert (counts.texts, counts.cut, counts.tokens, counts.unread) == (4, 1, 20, 6)
    assert counts.share == 0.3
    assert counts.message("documents") == "1 of 4 documents cut at 4 tokens, 30 % of the tokens unread"


def test_nothing_is_said_where_all_was_read() -> None:
    counts = Truncation()
    counts.add([10**6])
    counts.add([3, 4], limit=4)
    assert counts.message() == ""
    assert Truncation().share == 0


def test_counts_add_up() -> None:
    one, other = Truncation(), Truncation()
    one.add([5], limit=4)
    other.add([6, 1], limit=4)
    one.merge(other)
    assert one == Truncation(4, 3, 2, 12, 3)
    assert one.since(other) == Truncation(4, 1, 1, 5, 1)
