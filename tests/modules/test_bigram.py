"""The bigram model against counting by hand, and as a probability."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from sentrep.modules.bigram import DISCOUNT, BigramModel
from sentrep.modules.padding import Texts, pad_lists

TEXTS = [[1, 2, 3], [1, 2], [4], [], [3, 1, 2, 2]]
VOCAB = 6


def naive(before: int, after: int) -> float:
    pairs = Counter(
        (a, b) for text in TEXTS if text for a, b in zip([VOCAB, *text], [*text, VOCAB], strict=True)
    )
    total = sum(count for (a, _), count in pairs.items() if a == before)
    kinds = sum(a == before for a, _ in pairs)
    follows = Counter(b for _, b in pairs)
    spared = DISCOUNT * len(follows) / (VOCAB + 1)
    back = (max(follows[after] - DISCOUNT, 0) + spared) / len(pairs)
    if not total:
        return back
    return max(pairs[before, after] - DISCOUNT, 0) / total + DISCOUNT * kinds / total * back


def test_every_pair_is_as_likely_as_by_hand() -> None:
    made = BigramModel(pad_lists(TEXTS), VOCAB)
    for before in range(VOCAB + 1):
        for after in range(VOCAB + 1):
            found = made.log_prob(torch.tensor(before), torch.tensor(after))
            assert float(found) == pytest.approx(math.log(naive(before, after)), abs=1e-5)


def test_it_is_a_distribution() -> None:
    made, every = BigramModel(pad_lists(TEXTS), VOCAB), torch.arange(VOCAB + 1)
    table = made.log_prob(*torch.meshgrid(every, every, indexing="ij")).exp()
    assert torch.allclose(table.sum(1), torch.ones(VOCAB + 1), atol=1e-5)


def test_texts_are_the_mean_of_their_tokens_and_their_end() -> None:
    made, texts = BigramModel(pad_lists(TEXTS), VOCAB), pad_lists([[1, 2], [4, 4, 1], []])
    expected = [
        [naive(VOCAB, 1), naive(1, 2), naive(2, VOCAB)],
        [naive(VOCAB, 4), naive(4, 4), naive(4, 1), naive(1, VOCAB)],
        [naive(VOCAB, VOCAB)],
    ]
    wanted = torch.tensor([sum(map(math.log, each)) / len(each) for each in expected])
    assert torch.allclose(made.mean_log_prob(texts), wanted, atol=1e-5)
    rubbish = Texts(texts.ids.where(texts.mask, 3), texts.mask)
    assert torch.allclose(made.mean_log_prob(rubbish), wanted, atol=1e-5)


def test_rubbish_beyond_the_end_is_not_counted() -> None:
    clean = pad_lists(TEXTS)
    dirty = Texts(clean.ids.where(clean.mask, 5), clean.mask)
    assert torch.equal(BigramModel(clean, VOCAB).pairs, BigramModel(dirty, VOCAB).pairs)
