"""Which documents `build` measures by: some are held out, and what repeats them is not trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from sentrep.data.documents import SourceDocument
from sentrep.data.overlap import overlapping_pairs

SHARE = 0.2
MOST = 1000
"""Documents held out at most."""
NEAR = 0.6
"""A document that contains this share of another's word triples is a near-duplicate of it."""
CHARACTERS = 20_000
"""Characters of the beginning of a document, by which it is compared."""


class Holdout(NamedTuple):
    """Documents in two parts."""

    train: list[SourceDocument]
    test: list[SourceDocument]
    dropped: int
    """Documents in neither part, since they repeat one of `test`."""


def hold_out(documents: Sequence[SourceDocument], seed: int = 0) -> Holdout:
    """Hold out a fifth of the documents, at most 1,000.

    No two held-out documents are near-duplicates, and no document to train on is a near-duplicate of one.
    """
    order = list(range(len(documents)))
    random.Random(seed).shuffle(order)
    held = _distinct(documents, sorted(order[: min(MOST, int(SHARE * len(documents)))]))
    rest = sorted(set(order) - set(held))
    near = set(_near(documents, rest, held))
    return Holdout(
        [documents[number] for number in rest if number not in near],
        [documents[number] for number in held],
        len(near),
    )


def _distinct(documents: Sequence[SourceDocument], numbers: Sequence[int]) -> list[int]:
    """The first document of each set of near-duplicates."""
    texts = [_text(documents[number]) for number in numbers]
    repeats = {max(pair) for pair in overlapping_pairs(texts, texts, NEAR) if pair[0] != pair[1]}
    return [number for place, number in enumerate(numbers) if place not in repeats]


def _near(documents: Sequence[SourceDocument], rest: Sequence[int], held: Sequence[int]) -> list[int]:
    mine = [_text(documents[number]) for number in rest]
    theirs = [_text(documents[number]) for number in held]
    return [rest[other] for _, other in overlapping_pairs(theirs, mine, NEAR)]


def _text(document: SourceDocument) -> str:
    return document.text[:CHARACTERS]
