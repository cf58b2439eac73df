"""Non-negative matrix factorisation as a baseline."""

from __future__ import annotations

import re

import numpy as np
import pytest
from sentence_transformers import SentenceTransformer

from sentrep.baselines.config import WordModelName
from sentrep.baselines.nmf import nmf, strongest_words
from sentrep.baselines.passages import Passages
from sentrep.data.store.store import Store
from sentrep.utils.errors import InputError


def test_parts_are_not_negative_and_only_of_words(store: Store) -> None:
    passages = Passages(store, 8)
    rows = nmf(passages, 12, seed=0)
    assert (rows >= 0).all()
    assert not rows[~passages.known].any()
    np.testing.assert_array_equal(rows, nmf(passages, 12, seed=0))


def test_most_parts_are_topics(fitted: dict[WordModelName, SentenceTransformer]) -> None:
    """Of 16 parts, most have words of one topic; there are 12 topics, and words common to all."""
    found = set()
    for words in strongest_words(fitted["nmf"], 5):
        topics = [match[1] if (match := re.match(r"topic(\d+)", word)) else "" for word in words]
        found |= {topic for topic in topics if topic and topics.count(topic) >= 4}
    assert len(found) >= 8


def test_more_parts_than_passages_are_refused(store: Store) -> None:
    with pytest.raises(InputError) as refused:
        nmf(Passages(store, 8), 10_000, seed=0)
    assert refused.value.setting == "width"
