"""Hits with the same words are one hit; texts that differ in signs are not the same."""

from __future__ import annotations

import pytest

from sentrep.inference.repeats import without_repeats
from sentrep.search.documents.passages import Document
from sentrep.search.documents.query import PassageHit, Scores

LONG = "The storm came in the night and the small boats were lost at sea"


def hit(number: int, text: str) -> PassageHit:
    scores = Scores(1.0, 1.0, 1.0, 1, 1)
    return PassageHit(
        number, f"{number}#1", text, Document(f"{number}"), (), (0, len(text)), scores, None, None
    )


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        (f"{LONG}.", f"**{LONG.upper()}**", 1),
        ("It came.", "It  CAME.", 1),
        ("वह आया।", "वह आयी।", 2),
        ("ปา", "ป้า", 2),
        ("What is C++?", "What is C#?", 2),
        ("x = 1", "x = -1", 2),
        (f"{LONG} ปา", f"{LONG} ป้า", 2),
    ],
)
def test_texts_with_the_same_words_are_one_hit(one: str, other: str, count: int) -> None:
    kept = without_repeats([hit(1, one), hit(2, other)])
    assert [each.rank for each in kept] == list(range(1, count + 1))
    assert [document.id for document in kept[0].also] == ["2"] * (2 - count)
