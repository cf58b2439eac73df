"""Documents held out: no two of them repeat each other, and none repeats a document to train on."""

from __future__ import annotations

import numpy as np

from sentrep.data.documents import SourceDocument
from sentrep.pipelines.build.holdout import MOST, SHARE, hold_out


def document(name: str, text: str) -> SourceDocument:
    return SourceDocument(name, "", "", text, (), (), ((0, len(text)),))


def texts(count: int) -> list[str]:
    random = np.random.default_rng(0)
    return [" ".join(f"w{word}" for word in random.integers(5000, size=60)) for _ in range(count)]


def test_near_duplicates_of_held_out_documents_are_set_aside() -> None:
    originals = texts(100)
    copies = [f"{text} and a few words more" for text in originals]
    given = [document(f"{kind}{at}", text) for kind, some in (("a", originals), ("b", copies))
             for at, text in enumerate(some)]  # fmt: skip
    parts = hold_out(given)
    held = {one.id[1:] for one in parts.test}
    assert len(held) == len(parts.test)
    assert not held & {one.id[1:] for one in parts.train}
    assert parts.dropped == len(given) - len(parts.train) - len(parts.test)


def test_a_fifth_of_distinct_documents_is_held_out() -> None:
    given = [document(str(at), text) for at, text in enumerate(texts(200))]
    parts = hold_out(given)
    assert len(parts.test) == int(SHARE * 200)
    assert len(parts.train) == 160
    assert parts.dropped == 0
    assert {one.id for one in hold_out(given, seed=1).test} != {one.id for one in parts.test}


def test_ten_thousand_copies_of_one_document_leave_one_held_out() -> None:
    text = texts(1)[0]
    parts = hold_out([document(str(at), text) for at in range(10_000)])
    assert len(parts.test) == 1
    assert parts.train == []
    assert parts.dropped == 9999
    assert int(SHARE * 10_000) > MOST
