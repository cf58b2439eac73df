"""Choosing a headline's words against trying all choices."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from sentrep.methods.seq2seq2seq.headline_extraction import (
    LANGUAGE,
    LATE,
    SKIP,
    extract_headline,
    token_values,
    word_starts,
)
from sentrep.modules.bigram import BigramModel
from sentrep.modules.padding import Texts, pad_lists
from tests import toy, toy_run

VOCAB = 9
BEGINS = torch.tensor([True, True, True, True, True, True, False, False, True])
"""Tokens 6 and 7 go on with a word."""
HEADLINES = pad_lists([[1, 3], [1, 6, 4], [2, 3, 4], [8, 1, 7], [4, 3]])
ARTICLES = [[1, 6, 2, 3, 5, 4], [2, 7, 6, 8], [6, 1, 1, 3], [4], []]


def score(text: list[int], chosen: tuple[int, ...], worth: torch.Tensor, language: BigramModel) -> float:
    """By the formula, or −∞ for a choice that cuts a word."""
    whole = [place for place in range(len(text)) if place == 0 or BEGINS[text[place]]]
    for place in chosen:
        if place not in whole and place - 1 not in chosen:
            return -math.inf
        if place + 1 < len(text) and place + 1 not in whole and place + 1 not in chosen:
            return -math.inf
    total, before, last = 0.0, VOCAB, -1
    for place in chosen:
        likely = language.log_prob(torch.tensor(before), torch.tensor(text[place]))
        total += (
            LANGUAGE * float(likely)
            + float(worth[text[place]])
            - LATE * place
            - SKIP * math.log(place - last)
        )
        before, last = text[place], place
    return total + LANGUAGE * float(language.log_prob(torch.tensor(before), torch.tensor(VOCAB)))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_best_of_all_choices(length: int, seed: int) -> None:
    worth, language = (
        torch.randn(VOCAB, generator=torch.Generator().manual_seed(seed)),
        BigramModel(HEADLINES, VOCAB),
    )
    found = extract_headline(pad_lists(ARTICLES), torch.full((5,), length), worth, BEGINS, language)
    for text, mask in zip(ARTICLES, found, strict=True):
        choices = [
            choice
            for count in range(length, 0, -1)
            for choice in itertools.combinations(range(len(text)), count)
            if score(text, choice, worth, language) > -math.inf
        ]
        longest = max(map(len, choices), default=0)
        best = max(
            (each for each in choices if len(each) == longest),
            key=lambda each: score(text, each, worth, language),
            default=(),
        )
        assert tuple(mask.nonzero().flatten().tolist()) == best


def test_each_text_has_its_own_length_and_padding_changes_nothing() -> None:
    worth, language = torch.zeros(VOCAB), BigramModel(HEADLINES, VOCAB)
    lengths = torch.tensor([3, 2, 1, 1, 2])
    together = extract_headline(pad_lists(ARTICLES), lengths, worth, BEGINS, language)
    for row, text in enumerate(ARTICLES[:4]):
        alone = extract_headline(pad_lists([text]), lengths[row : row + 1], worth, BEGINS, language)
        assert torch.equal(together[row, : len(text)], alone[0])
    clean = pad_lists(ARTICLES)
    dirty = Texts(clean.ids.where(clean.mask, 5), clean.mask)
    assert torch.equal(extract_headline(dirty, lengths, worth, BEGINS, language), together)


def test_what_headlines_prefer_is_worth_more() -> None:
    worth = token_values(torch.tensor([0, 5, 5]), torch.tensor([50, 50, 5]))
    assert worth[0] < worth[1] < worth[2]


def test_beginnings_without_marks() -> None:
    assert word_starts(["the", "re"]).all()


def test_the_headlines_of_the_method_are_the_best_deletions() -> None:
    """All tokens of the toy vocabulary begin a word; [UNK] is the token 1 and is never kept."""
    method = toy_run.make("seq2seq2seq", toy_run.SMALL)
    method.count_summaries()
    language_model = method.reference.language_model
    method.article_counts.copy_(torch.from_numpy(toy.counts()))
    articles = [[66, 5, 67, 1, 68, 6], [1, 106, 7, 107], [1, 1, 70]]
    found = method.headlines(pad_lists(articles), torch.tensor([3, 2, 2]))
    values = token_values(method.summary_counts, method.article_counts)
    for article, length, ids, mask in zip(articles, (3, 2, 2), *found, strict=True):
        words = [place for place, token in enumerate(article) if token != 1]
        choices = itertools.combinations(words, min(length, len(words)))
        best = max(choices, key=lambda chosen: score_of_tokens(article, chosen, values, language_model))
        assert ids[mask].tolist() == [article[place] for place in best]


def score_of_tokens(
    article: list[int], chosen: tuple[int, ...], values: torch.Tensor, language_model: BigramModel
) -> float:
    """The formula of `score` where each token is a word."""
    end = len(values)
    tokens = [end, *(article[place] for place in chosen), end]
    log_probs = (
        float(language_model.log_prob(torch.tensor(first), torch.tensor(second)))
        for first, second in itertools.pairwise(tokens)
    )
    gaps = (place - before for before, place in itertools.pairwise((-1, *chosen)))
    kept = sum(float(values[article[place]]) - LATE * place for place in chosen)
    return LANGUAGE * sum(log_probs) + kept - SKIP * sum(map(math.log, gaps))
