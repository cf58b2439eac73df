"""A corpus cut into passages, against counting by hand."""

from __future__ import annotations

from collections import Counter
from itertools import islice

import numpy as np
import pytest
from scipy.sparse import vstack

from sentrep.baselines import passages as word_passages
from sentrep.baselines.passages import Passages
from sentrep.data.store.store import Store


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_passages_are_the_corpus_cut_at_document_ends(store: Store, size: int) -> None:
    passages = Passages(store, size)
    expected = []
    for number in range(len(store.documents) - 1):
        document = store.sentences_of(number)
        expected += [
            " ".join(document[start : start + size]).replace(".", " .").split()
            for start in range(0, len(document), size)
        ]
    assert len(passages) == len(expected)
    bags = vstack(list(passages.bags())).toarray()
    for words, bag in zip(expected, bags, strict=True):
        assert Counter(words) == {passages.tokens[token]: bag[token] for token in np.flatnonzero(bag)}
    shuffled = list(islice(passages.shuffled(0), 2 * len(passages)))
    assert [words for _, words in sorted(shuffled[: len(passages)])] == expected
    assert sorted(shuffled[: len(passages)]) == sorted(shuffled[len(passages) :])
    assert len(passages) < 3 or shuffled[: len(passages)] != shuffled[len(passages) :]


def test_bags_come_in_blocks(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vstack(list(Passages(store, 2).bags())).toarray()
    monkeypatch.setattr(word_passages, "_TOKENS_AT_ONCE", 10)
    blocks = list(Passages(store, 2).bags())
    assert len(blocks) > 100
    np.testing.assert_array_equal(vstack(blocks).toarray(), whole)
