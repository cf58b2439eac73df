"""Noise on ragged ids: shares, bounds, and what stays as it is."""

from __future__ import annotations

import pytest
import torch

from sentrep.modules.noise import Noise, Ragged, delete, mask, shuffle, substitute
from tests import toy

FIXED = (0, 1)


def sentences(count: int = 300) -> Ragged:
    """Sentences of 1 to 12 different tokens, each between two fixed tokens."""
    torch.manual_seed(0)
    lengths, rows, free = torch.randint(1, 13, (count,)).tolist(), [], 2
    for length in lengths:
        rows.append([0, *range(free, free + length), 1])
        free += length
    batch = toy.batch(rows, list(range(count)))
    return Ragged(batch.ids, batch.offsets)


def rows(given: Ragged) -> list[list[int]]:
    return [part.tolist() for part in given.ids.tensor_split(given.offsets[1:-1])]


def test_deletion_keeps_order_fixed_tokens_and_one_other_token() -> None:
    given = sentences()
    found = delete(given, 0.6, FIXED)
    for before, after in zip(rows(given), rows(found), strict=True):
        assert after[0] == 0
        assert after[-1] == 1
        assert after == [token for token in before if token in after]
    without = delete(Ragged(torch.arange(100), torch.arange(0, 101, 5)), 0.999)
    assert without.offsets.diff().min() == 1
    free = len(given.ids) - 2 * (len(given.offsets) - 1)
    kept = len(found.ids) - 2 * (len(given.offsets) - 1)
    assert kept / free == pytest.approx(0.4, abs=0.04)


def test_masking_and_substitution_keep_lengths_and_fixed_tokens() -> None:
    given, special = sentences(), torch.tensor(FIXED)
    for found in (mask(given, 0.3, 9, FIXED), substitute(given, 0.3, 5000, FIXED)):
        changed = found.ids != given.ids
        assert torch.equal(found.offsets, given.offsets)
        assert not changed[torch.isin(given.ids, special)].any()
        assert not torch.isin(found.ids[changed], special).any()
        assert changed.sum() / (given.ids > 1).sum() == pytest.approx(0.3, abs=0.04)


@pytest.mark.parametrize("distance", [1, 3])
def test_shuffle_moves_tokens_within_their_sentence_by_at_most_the_distance(distance: int) -> None:
    given = sentences()
    found, moved = shuffle(given, distance, FIXED), 0
    for before, after in zip(rows(given), rows(found), strict=True):
        assert sorted(before) == sorted(after)
        assert (after[0], after[-1]) == FIXED
        steps = [abs(after.index(token) - place) for place, token in enumerate(before)]
        assert max(steps) <= distance
        moved += sum(step > 0 for step in steps)
    assert moved > 100


def test_noise_is_drawn_anew_and_leaves_the_batch_alone() -> None:
    batch = toy.batches().batch(0, 0)
    ids = batch.ids.clone()
    noise = Noise(delete=0.5, mask=0.1, substitute=0.1, shuffle=2, vocab=500, mask_id=4)
    first, second = noise.on(batch), noise.on(batch)
    assert not torch.equal(first.offsets, second.offsets)
    assert torch.equal(batch.ids, ids)
    assert torch.equal(Noise().on(batch).ids, ids)
