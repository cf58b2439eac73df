"""Pairs of article and summary that nobody wrote: what a generator learns from before anything can be said of
what it writes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.methods.seq2seq2seq.headline_extraction import hedge
from sentrep.modules.bigram import Bigrams
from sentrep.modules.padding import Texts, compact

DROPPED, CUT = 1 / 16, 1 / 3
"""Share of the tokens that a shuffled article lacks, and of places where a phrase of it ends."""
LOST, FEWEST, MOST = 0.1, 0.1, 0.6
"""Share of the words that a hidden sentence lacks, and of an article's words that are put between the
others."""
SHORTEST, LONGEST, FURTHEST = 6, 11, 10
"""Tokens of the stretch that is its summary, and where it begins at the latest."""


class SelfMade(NamedTuple):
    """An article as it is read, and what is to be written from it."""

    articles: Texts
    summaries: Texts


def headlines(
    articles: Texts,
    length: Int[Tensor, " text"],
    worth: Float[Tensor, " vocab"],
    begins: Bool[Tensor, " vocab"],
    language: Bigrams,
) -> Texts:
    """The likeliest headline of each, of so many tokens; see
    `methods.seq2seq2seq.method.headline_extraction`. The article is read as it is."""
    return compact(articles.ids, hedge(articles, length, worth, begins, language))


def shuffled(articles: Texts) -> SelfMade:
    """Each with a stretch from near its beginning, to be found in the article with words missing and phrases
    shuffled: the pre-training of Wang & Lee 2018, as their released code has it."""
    ids, alive = articles
    count, width = ids.shape
    place = torch.arange(width, device=ids.device)
    begin = torch.randint(FURTHEST + 1, (count, 1), device=ids.device).minimum(
        (articles.lengths.unsqueeze(1) - SHORTEST).clamp(min=0)
    )
    stretch = (
        (place >= begin)
        & (place < begin + torch.randint(SHORTEST, LONGEST + 1, (count, 1), device=ids.device))
        & alive
    )
    phrase = (torch.rand(count, width, device=ids.device) < CUT).cumsum(1)
    turn = torch.rand(count, width + 1, device=ids.device).gather(1, phrase)
    order = turn.argsort(dim=1, stable=True)
    kept = alive & (torch.rand(count, width, device=ids.device) >= DROPPED)
    return SelfMade(compact(ids.gather(1, order), kept.gather(1, order)), compact(ids, stretch))


def hidden(sentences: Texts, articles: Texts, begins: Bool[Tensor, " vocab"]) -> SelfMade:
    """People's sentences, each among words of the article beside it and with some of its own missing: to be
    found again.

    Of words that are copied from articles a generator learns nothing but to copy; here it writes what people
    wrote, words among them that it does not see. "Unsupervised sentence compression using denoising
    auto-encoders", Fevry & Phang, CoNLL 2018, section 3.1, has such noise, there with words in any order.
    Both orders are kept here, and words stay whole."""
    share = FEWEST + (MOST - FEWEST) * torch.rand(len(articles.ids), 1, device=articles.ids.device)
    (own, own_place), (other, other_place) = (
        _scattered(sentences, begins, 1 - LOST),
        _scattered(articles, begins, share),
    )
    ids, kept = torch.cat([sentences.ids, articles.ids], 1), torch.cat([own, other], 1)
    order = torch.cat([own_place, other_place], 1).argsort(dim=1, stable=True)
    return SelfMade(compact(ids.gather(1, order), kept.gather(1, order)), sentences)


def _scattered(
    texts: Texts, begins: Bool[Tensor, " vocab"], share: Float[Tensor, "text 1"] | float
) -> tuple[Bool[Tensor, "text position"], Float[Tensor, "text position"]]:
    """Which tokens stay, with this chance for each word, and where each word is put between 0 and 1, in their
    order."""
    starts = begins[texts.ids]
    starts[:, :1] = True
    word = starts.cumsum(1) - 1
    chance, offset = torch.rand(2, *texts.ids.shape, device=texts.ids.device)
    count = word.where(texts.alive, 0).amax(1, keepdim=True) + 1
    return texts.alive & (chance.gather(1, word) < share), (word + offset.gather(1, word)) / count
