"""Pairs of article and summary that nobody wrote: what a generator learns from before anything can be said of what it writes."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.parts.bigram import Bigrams
from sentrep.parts.hedge import hedge
from sentrep.parts.padding import Texts, compact

DROPPED, CUT = 1 / 16, 1 / 3
"""Share of the tokens that a shuffled article lacks, and of places where a phrase of it ends."""
SHORTEST, LONGEST, FURTHEST = 6, 11, 10
"""Tokens of the stretch that is its summary, and where it begins at the latest."""


class SelfMade(NamedTuple):
    """An article as it is read, and what is to be written from it."""

    articles: Texts
    summaries: Texts


def headlines(
    articles: Texts, length: Int[Tensor, " text"], worth: Float[Tensor, " vocab"], begins: Bool[Tensor, " vocab"], language: Bigrams
) -> Texts:
    """The likeliest headline of each, of so many tokens; see `parts.hedge`. The article is read as it is."""
    return compact(articles.ids, hedge(articles, length, worth, begins, language))


def shuffled(articles: Texts) -> SelfMade:
    """Each with a stretch from near its beginning, to be found in the article with words missing and phrases shuffled: the
    pre-training of Wang & Lee 2018, as their released code has it."""
    ids, alive = articles
    count, width = ids.shape
    place = torch.arange(width, device=ids.device)
    begin = torch.randint(FURTHEST + 1, (count, 1), device=ids.device).minimum(
        (articles.lengths.unsqueeze(1) - SHORTEST).clamp(min=0)
    )
    stretch = (place >= begin) & (place < begin + torch.randint(SHORTEST, LONGEST + 1, (count, 1), device=ids.device)) & alive
    phrase = (torch.rand(count, width, device=ids.device) < CUT).cumsum(1)
    turn = torch.rand(count, width + 1, device=ids.device).gather(1, phrase)
    order = turn.argsort(dim=1, stable=True)
    kept = alive & (torch.rand(count, width, device=ids.device) >= DROPPED)
    return SelfMade(compact(ids.gather(1, order), kept.gather(1, order)), compact(ids, stretch))
