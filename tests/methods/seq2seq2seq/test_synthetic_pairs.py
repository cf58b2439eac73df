"""Synthetic pairs: stretches of shuffled articles, and sentences among words of articles."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from sentrep.methods.seq2seq2seq.synthetic_pairs import (
    MAX_NOISE,
    MAX_START,
    MAX_STRETCH,
    MIN_NOISE,
    MIN_STRETCH,
    SENTENCE_DROP,
    SHUFFLED_DROP,
    SyntheticPair,
    denoising_pairs,
    shuffled_pairs,
)
from sentrep.modules.padding import Texts, pad_lists

LONG = 40


def numbered(lengths: list[int]) -> Texts:
    """Articles in which no token occurs twice."""
    return pad_lists([list(range(1, length + 1)) for length in lengths])


def lists(texts: Texts) -> list[list[int]]:
    assert not texts.ids[~texts.mask].any()
    return [row[mask].tolist() for row, mask in zip(texts.ids, texts.mask, strict=True)]


def made(articles: Texts, seed: int = 0) -> SyntheticPair:
    torch.manual_seed(seed)
    return shuffled_pairs(articles)


def test_a_stretch_is_of_the_article_and_from_near_its_beginning() -> None:
    lengths = [0, 1, 3, 5, 6, 7, 9, 12, 17, LONG] * 200
    found = lists(made(numbered(lengths)).summaries)
    word_start, counts = set(), set()
    for length, text in zip(lengths, found, strict=True):
        if length == 0:
            assert text == []
            continue
        begin = text[0] - 1
        assert text == list(range(begin + 1, begin + 1 + len(text)))
        assert begin <= min(MAX_START, max(length - MIN_STRETCH, 0))
        assert min(MIN_STRETCH, length) <= len(text) <= min(MAX_STRETCH, length - begin)
        if length == LONG:
            word_start.add(begin)
            counts.add(len(text))
    assert word_start == set(range(MAX_START + 1))
    assert counts == set(range(MIN_STRETCH, MAX_STRETCH + 1))


def test_an_article_lacks_a_few_tokens_and_has_no_others() -> None:
    lengths = [LONG, 5, 0, 23] * 300
    found = lists(made(numbered(lengths)).articles)
    for length, text in zip(lengths, found, strict=True):
        assert len(set(text)) == len(text)
        assert set(text) <= set(range(1, length + 1))
    lost = 1 - sum(map(len, found)) / sum(lengths)
    deviation = (SHUFFLED_DROP * (1 - SHUFFLED_DROP) / sum(lengths)) ** 0.5
    assert lost == pytest.approx(SHUFFLED_DROP, abs=4 * deviation)


def test_phrases_stay_together_and_change_places() -> None:
    found = lists(made(numbered([LONG] * 500)).articles)
    stayed = kept = ordered = phrases = 0
    for text in found:
        beside, present = set(pairwise(text)), set(text)
        both = [(token, token + 1) for token in range(1, LONG) if {token, token + 1} <= present]
        kept += len(both)
        stayed += sum(pair in beside for pair in both)
        breaks = [(before, after) for before, after in pairwise(text) if after < before or after > before + 2]
        phrases += len(breaks)
        ordered += sum(after > before for before, after in breaks)
    # 2 of 3 are of one phrase; of the rest, as many as there are phrases (14) still meet by chance.
    assert stayed / kept == pytest.approx(2 / 3 + 1 / 3 / 14, abs=0.01)
    assert ordered / phrases == pytest.approx(0.5, abs=0.05)


def test_padding_takes_no_part() -> None:
    beside = numbered([5, LONG])
    shorter = lists(made(beside).articles)[0]
    assert set(shorter) <= {1, 2, 3, 4, 5}
    ids, mask = beside
    dirty = Texts(ids.where(mask, 99), mask)
    assert [lists(texts) for texts in made(dirty)] == [lists(texts) for texts in made(beside)]


def test_chance_is_that_of_the_seed() -> None:
    articles = numbered([LONG, 20, 9])
    first, again, other = (tuple(map(lists, made(articles, seed))) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_noisy_sentence_is_mixed_with_words_of_an_article() -> None:
    torch.manual_seed(0)
    sentences = pad_lists([list(range(100, 109))] * 400)
    articles = pad_lists([list(range(40))] * 399 + [[6]])
    word_start = torch.arange(200) % 3 != 1  # 1, 4, ..., 100, 103, ... continue the word before them
    found = denoising_pairs(sentences, articles, word_start)
    assert lists(found.summaries) == lists(sentences)
    own, others = [], []
    for text in lists(found.articles):
        mine, theirs = [token for token in text if token >= 100], [token for token in text if token < 100]
        assert mine == sorted(mine)
        assert theirs == sorted(theirs)
        for before, after in zip([-1, *text], text, strict=False):
            assert (
                word_start[after] or before == after - 1 or after == 100
            )  # words are whole; the first token begins one
        own.append(len(mine) / 9)
        others.append(len(theirs) / 40)
    assert pytest.approx(sum(own) / len(own), abs=0.03) == 1 - SENTENCE_DROP
    assert pytest.approx(sum(others) / len(others), abs=0.04) == (MIN_NOISE + MAX_NOISE) / 2
    places = [text.index(108) / len(text) for text in lists(found.articles)[:-1] if 108 in text]
    assert 0.8 < sum(places) / len(places) < 1.0  # spread over the whole


def test_empty_sentences_and_articles() -> None:
    found = denoising_pairs(pad_lists([[], [1, 2]]), pad_lists([[3, 4], []]), torch.ones(9, dtype=torch.bool))
    assert {token for text in lists(found.articles) for token in text} <= {1, 2, 3, 4}
    assert lists(found.summaries) == [[], [1, 2]]
