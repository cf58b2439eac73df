"""Synthetic pairs of article and summary: the generator learns from them before it can be rewarded."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from sentrep.modules.padding import Texts, compact

SHUFFLED_DROP, PHRASE_END = 1 / 16, 1 / 3
"""Share of the tokens that a shuffled article lacks, and of positions where one of its phrases ends."""
MIN_STRETCH, MAX_STRETCH, MAX_START = 6, 11, 10
"""Tokens of the stretch that is the summary of a shuffled article, and its latest start."""
SENTENCE_DROP, MIN_NOISE, MAX_NOISE = 0.1, 0.1, 0.6
"""Share of the words that a noisy sentence lacks, and of an article's words that are mixed in."""


class SyntheticPair(NamedTuple):
    """Articles as they are read, and the summaries to generate from them."""

    articles: Texts
    summaries: Texts


def shuffled_pairs(articles: Texts) -> SyntheticPair:
    """Makes pairs of a shuffled article and a stretch from near the article's beginning.

    The article lacks some words, and its phrases are shuffled.

    Reference:
        The pre-training of Wang & Lee 2018, as their released code has it.
    """
    stretch = _random_stretch(articles)
    ids, mask = articles
    count, width = ids.shape
    phrase = (torch.rand(count, width, device=ids.device) < PHRASE_END).cumsum(1)
    place = torch.rand(count, width + 1, device=ids.device).gather(1, phrase)
    order = place.argsort(dim=1, stable=True)
    kept = mask & (torch.rand(count, width, device=ids.device) >= SHUFFLED_DROP)
    return SyntheticPair(compact(ids.gather(1, order), kept.gather(1, order)), compact(ids, stretch))


def denoising_pairs(sentences: Texts, articles: Texts, word_start: Bool[Tensor, " vocab"]) -> SyntheticPair:
    """Makes pairs of a noisy sentence and the sentence.

    A sentence is mixed with words of an article and lacks some words of its own. Words stay whole, and the
    order of both texts is kept. From headlines that are copied from articles the generator learns only to
    copy; here it learns to write words that it does not see.

    Reference:
        "Unsupervised sentence compression using denoising auto-encoders", Fevry & Phang, CoNLL 2018,
        section 3.1, with words in any order there.
    """
    noise = torch.rand(len(articles.ids), 1, device=articles.ids.device)
    kept, place = _scatter(sentences, word_start, 1 - SENTENCE_DROP)
    other_kept, other_place = _scatter(articles, word_start, MIN_NOISE + (MAX_NOISE - MIN_NOISE) * noise)
    ids, kept = torch.cat([sentences.ids, articles.ids], 1), torch.cat([kept, other_kept], 1)
    order = torch.cat([place, other_place], 1).argsort(dim=1, stable=True)
    return SyntheticPair(compact(ids.gather(1, order), kept.gather(1, order)), sentences)


def _random_stretch(articles: Texts) -> Bool[Tensor, "text position"]:
    """Chooses a stretch of each article."""
    count, device = len(articles.ids), articles.ids.device
    position = torch.arange(articles.ids.shape[1], device=device)
    latest = (articles.lengths.unsqueeze(1) - MIN_STRETCH).clamp(min=0)
    start = torch.randint(MAX_START + 1, (count, 1), device=device).minimum(latest)
    length = torch.randint(MIN_STRETCH, MAX_STRETCH + 1, (count, 1), device=device)
    return (position >= start) & (position < start + length) & articles.mask


def _scatter(
    texts: Texts, word_start: Bool[Tensor, " vocab"], share: Float[Tensor, "text 1"] | float
) -> tuple[Bool[Tensor, "text position"], Float[Tensor, "text position"]]:
    """Keeps each word with a probability and gives it a place between 0 and 1, in the order of the text.

    Returns:
        Which tokens are kept, and their places.
    """
    starts = word_start[texts.ids]
    starts[:, :1] = True
    word = starts.cumsum(1) - 1
    chance, offset = torch.rand(2, *texts.ids.shape, device=texts.ids.device)
    count = word.where(texts.mask, 0).amax(1, keepdim=True) + 1
    return texts.mask & (chance.gather(1, word) < share), (word + offset.gather(1, word)) / count
