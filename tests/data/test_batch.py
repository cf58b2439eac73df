"""Batches against slow, obvious versions of themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from sentrep.data.batch import SentenceBatches, cut
from tests import toy
from tests.errors import refuses


def test_neighbours_never_cross_runs() -> None:
    batch = toy.batch([[5]] * 6, document=[0, 0, 0, 1, 1, 2], segment=[0, 0, 0, 3, 3, 5])
    for window in (1, 2, 9):
        expected = [
            [i != j and abs(i - j) <= window and batch.segment[i] == batch.segment[j] for j in range(6)]
            for i in range(6)
        ]
        assert batch.neighbours(window).tolist() == expected
    assert [tensor.tolist() for tensor in batch.pairs(2)] == [[0], [2]]


def test_chosen_sentences_keep_their_tokens_documents_and_segments() -> None:
    batch = toy.batch([[5, 6], [7], [], [8, 9]], document=[0, 0, 1, 1], segment=[0, 0, 2, 2])
    chosen = batch.select(torch.tensor([True, False, True, True]))
    fields = (chosen.ids, chosen.offsets, chosen.document, chosen.segment)
    assert [field.tolist() for field in fields] == [[5, 6, 8, 9], [0, 2, 2, 4], [0, 1, 1], [0, 2, 2]]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(2, 40), min_size=1, max_size=30), st.integers(2, 50), st.integers(0, 10**6))
def test_cutting_covers_every_span_with_runs_that_have_neighbours(
    lengths: list[int], segment: int, seed: int
) -> None:
    ends = np.cumsum(lengths)
    spans = np.stack([ends - lengths, ends, np.arange(len(lengths))], axis=1)
    segments = cut(spans, segment, np.random.default_rng(seed))
    for start, stop, document in spans:
        inside = segments[segments[:, 2] == document]
        assert inside[0, 0] == start
        assert inside[-1, 1] == stop
        assert (inside[1:, 0] == inside[:-1, 1]).all()
    sizes = segments[:, 1] - segments[:, 0]
    assert sizes.min() >= 2
    assert sizes.max() <= segment + 2  # a single sentence left over at either end joins


def test_every_pair_of_neighbours_meets_in_some_epoch() -> None:
    spans = np.array([[0, 11, 0]])
    met = {
        (first, first + 1)
        for epoch in range(40)
        for start, stop, _ in cut(spans, 2, np.random.default_rng(epoch))
        for first in range(start, stop - 1)
    }
    assert met == {(first, first + 1) for first in range(10)}


@pytest.mark.parametrize("segment", [2, 4, 128])
def test_an_epoch_visits_sentences_once_and_says_the_same_thing_twice(segment: int) -> None:
    batches = toy.batches(size=128, segment_length=segment)
    ids, offsets, _ = toy.arrays()
    seen = []
    for index in range(len(batches)):
        batch = batches.batch(3, index)
        again = toy.batches(size=128, segment_length=segment).batch(3, index)
        assert torch.equal(batch.ids, again.ids)
        assert torch.equal(batch.offsets, again.offsets)
        for position, first in enumerate(batch.segment.tolist()):
            sentence = first + position - batch.segment.tolist().index(first)
            assert (
                batch.ids[batch.offsets[position] : batch.offsets[position + 1]].tolist()
                == ids[offsets[sentence] : offsets[sentence + 1]].tolist()
            )
            seen.append(sentence)
    assert len(seen) == len(set(seen))
    assert len(seen) > batches.sentences - 2 * 128
    assert not torch.equal(batches.batch(3, 0).ids, batches.batch(4, 0).ids)


def test_shards_hold_the_runs_of_the_block_between_them() -> None:
    batches = toy.batches()
    whole = batches.batch(1, 2)
    shards = [batches.batch(1, 2, shard, 3) for shard in range(3)]
    assert sorted(segment for shard in shards for segment in shard.segment.tolist()) == sorted(
        whole.segment.tolist()
    )
    assert not set(shards[0].segment.tolist()) & set(shards[1].segment.tolist())


def test_word_dropout_keeps_order_and_boundaries() -> None:
    batch = toy.batches().batch(0, 0)
    torch.manual_seed(0)
    thin = batch.thinned(0.3)
    assert 0.6 < len(thin.ids) / len(batch.ids) < 0.8
    for i in range(len(batch)):
        before = batch.ids[batch.offsets[i] : batch.offsets[i + 1]].tolist()
        after = iter(before)
        assert all(token in after for token in thin.ids[thin.offsets[i] : thin.offsets[i + 1]].tolist())


def test_a_corpus_without_neighbours_is_refused() -> None:
    with refuses(setting="split"):
        SentenceBatches(np.arange(4), np.arange(5), np.array([[0, 1, 0], [1, 2, 1]]), 10, 2, 0)


def test_documents_of_one_sentence_are_read_where_no_neighbour_is_needed() -> None:
    spans = np.array([[0, 1, 0], [1, 2, 1], [2, 5, 2]])
    arrays = np.arange(10), np.arange(0, 12, 2), spans
    assert SentenceBatches(*arrays, 10, 2, 0).sentences == 3
    batch = SentenceBatches(*arrays, 10, 2, 0, min_document_length=1).batch(0, 0)
    assert sorted(batch.ids.tolist()) == list(range(10))
    assert sorted(batch.document.tolist()) == [0, 1, 2, 2, 2]


def test_a_corpus_smaller_than_a_block_is_one_block() -> None:
    batches = toy.batches(size=10**6)
    assert len(batches) == 1
    assert len(batches.batch(0, 0)) == batches.sentences


@pytest.mark.parametrize("size", [2, 3, 5])
def test_no_batch_is_empty_where_a_batch_is_one_segment(size: int) -> None:
    """A segment holds up to two sentences more than its length, so it may cover a whole batch."""
    ids, offsets, spans = toy.arrays(60)
    batches = SentenceBatches(ids, offsets, spans, size, size, seed=0)
    for epoch in range(3):
        counts = [len(batches.batch(epoch, index)) for index in range(len(batches))]
        assert min(counts) >= 2
