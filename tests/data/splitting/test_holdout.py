"""Held-out spans: what they promise for any corpus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentrep.data.splitting.holdout import MOST_KEPT_OUT, SHORTEST, kept_out, spans
from sentrep.utils.errors import InputError


def bounds(lengths: list[int]) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.floats(0, 0.6), st.integers(0, 5))
def test_spans_part_the_corpus(lengths: list[int], fraction: float, seed: int) -> None:
    documents = bounds(lengths)
    train, valid = (spans(documents, part, fraction, seed) for part in ("train", "valid"))
    both = np.concatenate([train, valid])
    both = both[np.argsort(both[:, 0], kind="stable")]
    assert (both[:, 0] < both[:, 1]).all()
    inner = [i for start, stop, _ in both for i in range(start, stop)]
    assert inner == list(range(documents[-1]))  # every sentence once
    assert all(documents[d] <= start < stop <= documents[d + 1] for start, stop, d in both)
    assert np.array_equal(valid, spans(documents, "valid", fraction, seed))
    if fraction > 0 and sum(length > 0 for length in lengths) >= 2:
        assert len(valid) > 0 < len(train)


def test_whole_documents_are_held_out_where_they_are_small() -> None:
    documents = bounds([20] * 1_000)
    valid = spans(documents, "valid", 0.05, 0)
    assert len(valid) == 50
    assert all(documents[d] == start and documents[d + 1] == stop for start, stop, d in valid)
    other = spans(documents, "valid", 0.05, 1)
    assert len({*valid[:, 2]} & {*other[:, 2]}) < 15


def test_of_one_novel_stretches_are_held_out() -> None:
    documents = bounds([10_000])
    valid, train = spans(documents, "valid", 0.1, 0), spans(documents, "train", 0.1, 0)
    lengths = valid[:, 1] - valid[:, 0]
    assert 900 <= lengths.sum() <= 1_250
    assert lengths.min() >= SHORTEST
    assert len(train) <= len(valid) + 1  # neighbours are lost at the cuts only


def test_nothing_is_held_out_of_nothing_asked() -> None:
    assert spans(bounds([3, 4]), "valid", 0.0, 0).shape == (0, 3)
    assert spans(bounds([3, 0, 4]), "train", 0.0, 0).tolist() == [[0, 3, 0], [3, 7, 2]]
    with pytest.raises(InputError) as error:
        spans(bounds([3]), "valid", 1.0, 0)
    assert error.value.setting == "validation"


def mixed(start: int, stop: int) -> int:
    return (start * 0x9E3779B97F4A7C15 + stop) % 2**64


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60), st.floats(0.01, 0.5))
def test_kept_out_and_rest_part_the_corpus(lengths: list[int], share: float) -> None:
    documents = bounds(lengths)
    kept, rest = kept_out(documents, share, mixed)
    both = np.concatenate([kept, rest])
    inner = [i for start, stop, _ in both[np.argsort(both[:, 0], kind="stable")] for i in range(start, stop)]
    assert inner == list(range(documents[-1]))  # every sentence once
    assert all(documents[d] <= start < stop <= documents[d + 1] for start, stop, d in both)
    assert (kept[:, 1] - kept[:, 0]).sum() <= max(MOST_KEPT_OUT, 2 * share) * documents[-1]


def test_about_the_share_is_kept_out_of_many_documents_and_of_one() -> None:
    for documents in (bounds([20] * 1_000), bounds([20_000])):
        kept, _ = kept_out(documents, 0.05, mixed)
        assert 800 <= (kept[:, 1] - kept[:, 0]).sum() <= 1_300


def test_copies_of_a_text_are_on_one_side() -> None:
    kept, rest = kept_out(bounds([10] * 500), 0.05, lambda start, stop: mixed(start // 10 % 100, 0))
    assert not {d % 100 for d in kept[:, 2]} & {d % 100 for d in rest[:, 2]}
    nothing, _ = kept_out(bounds([10] * 500), 0.05, lambda start, stop: 7)
    assert len(nothing) == 0


def test_nothing_is_kept_out_of_a_corpus_that_is_too_small() -> None:
    assert [len(part) for part in kept_out(bounds([6, 7]), 0.05, mixed)] == [0, 2]
