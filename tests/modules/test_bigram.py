"""The bigram model against counting by hand, and as a probability."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from sentrep.modules.bigram import DISCOUNT, Bigrams
from sentrep.modules.padding import Texts, of_lists

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
    made = Bigrams(of_lists(TEXTS), VOCAB)
    for before in range(VOCAB + 1):
        for after in range(VOCAB + 1):
            found = made.log_probability(torch.tensor(before), torch.tensor(after))
            assert float(found) == pytest.approx(math.log(naive(before, after)), abs=1e-5)


def test_it_is_a_distribution() -> None:
    made, every = Bigrams(of_lists(TEXTS), VOCAB), torch.arange(VOCAB + 1)
    table = made.log_probability(*torch.meshgrid(every, every, indexing="ij")).exp()
    assert torch.allclose(table.sum(1), torch.ones(VOCAB + 1), atol=1e-5)


def test_texts_are_the_mean_of_their_tokens_and_their_end() -> None:
    made, texts = Bigrams(of_lists(TEXTS), VOCAB), of_lists([[1, 2], [4, 4, 1], []])
    expected = [
        [naive(VOCAB, 1), naive(1, 2), naive(2, VOCAB)],
        [naive(VOCAB, 4), naive(4, 4), naive(4, 1), naive(1, VOCAB)],
        [naive(VOCAB, VOCAB)],
    ]
    wanted = torch.tensor([sum(map(math.log, each)) / len(each) for each in expected])
    assert torch.allclose(made.of_texts(texts), wanted, atol=1e-5)
    rubbish = Texts(texts.ids.where(texts.alive, 3), texts.alive)
    assert torch.allclose(made.of_texts(rubbish), wanted, atol=1e-5)


def test_rubbish_beyond_the_end_is_not_counted() -> None:
    clean = of_lists(TEXTS)
    dirty = Texts(clean.ids.where(clean.alive, 5), clean.alive)
    assert torch.equal(Bigrams(clean, VOCAB).pairs, Bigrams(dirty, VOCAB).pairs)
