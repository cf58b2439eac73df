"""Headline extraction: the words of an article, in their order, that make the most likely headline.

A headline is regarded as the article with words deleted. A bigram model of headlines, and how much more often
a token occurs in headlines than in articles, say which words to keep; dynamic programming finds the best
headline of a given length.

    score = Σ_i [ LANGUAGE log P_h(w_i | w_(i−1)) + PREFERENCE log P_h(w_i) / P_a(w_i) + RARITY idf(w_i)
                  − LATE i − SKIP log gap_i ]

Differs from the paper: without part-of-speech tags.

Reference:
    "Hedge Trimmer: a parse-and-trim approach to headline generation", Dorr, Zajic & Schwartz 2003, section 2,
    describes this model ("HMM Hedge", Zajic et al. 2002).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.modules.bigram import BigramModel
from sentrep.modules.padding import Texts

LANGUAGE, PREFERENCE, RARITY, LATE, SKIP = 0.3, 1.0, 4.0, 0.2, 0.5
"""Weights of the score, chosen by ROUGE on the development part of Reuters headlines."""
MAX_IDF = 9.0
"""Tokens that are rarer than this (nats) get no higher value."""
IMPOSSIBLE = -1e9
"""Score of what is not allowed."""


def token_values(
    headline_counts: Int[Tensor, " vocab"], article_counts: Int[Tensor, " vocab"]
) -> Float[Tensor, " vocab"]:
    """Returns the value of keeping each token, from its counts in headlines and in articles."""
    headline_counts, article_counts = headline_counts + 0.5, article_counts + 0.5
    in_headlines = headline_counts / headline_counts.sum()
    in_articles = article_counts / article_counts.sum()
    idf = (-in_articles.log()).clamp(max=MAX_IDF) / MAX_IDF
    return PREFERENCE * (in_headlines / in_articles).log() + RARITY * idf


def word_starts(tokens: Sequence[str]) -> Bool[Tensor, " vocab"]:
    """Returns which tokens of a vocabulary begin a word, by the mark "▁" of a beginning or, in a WordPiece
    vocabulary, the mark "##" of a continuation; all if no token has such a mark.

    Punctuation and Chinese or Japanese characters are words of their own.

    >>> word_starts(["▁the", "re", ",", "狗"]).tolist()
    [True, False, True, True]
    >>> word_starts(["[CLS]", "the", "##re", ","]).tolist()
    [True, True, False, True]
    """
    if any(token.startswith("▁") for token in tokens):
        return torch.tensor([not token[:1].isalnum() or ord(token[0]) >= 0x2E80 for token in tokens])
    return torch.tensor([not (token.startswith("##") and token.strip("#")) for token in tokens])


def extract_headline(
    articles: Texts,
    length: Int[Tensor, " text"],
    values: Float[Tensor, " vocab"],
    word_start: Bool[Tensor, " vocab"],
    language_model: BigramModel,
) -> Bool[Tensor, "text position"]:
    """Returns which tokens make the best headline of `length` tokens.

    The headline is shorter where there is none of this length.

    Args:
        articles: the articles.
        length: wanted number of tokens; 1 or more.
        values: value of keeping each token, see `token_values`.
        word_start: which tokens begin a word; words are kept or deleted whole.
        language_model: bigram model of headlines.
    """
    scores = _scores(articles, values, word_start, language_model)
    best, parents = [scores.first], list[Tensor]()
    for _ in range(int(length.max()) - 1):
        extended, parent = (best[-1].unsqueeze(2) + scores.step).max(1)
        best.append(extended.clamp(min=2 * IMPOSSIBLE))
        parents.append(parent)
    ended = torch.stack(best, 1) + scores.last.unsqueeze(1)
    possible = ended.amax(2) > IMPOSSIBLE / 2
    possible &= torch.arange(len(best), device=length.device) < length.unsqueeze(1)
    # The largest possible number of tokens; 0 for an empty article.
    count = (possible * torch.arange(1, len(best) + 1, device=length.device)).amax(1)
    return _trace(ended, parents, count)


class _Scores(NamedTuple):
    """Scores of the dynamic program."""

    first: Float[Tensor, "text position"]
    """Score of beginning with a token."""
    step: Float[Tensor, "text position position"]
    """Score of keeping the second token right after the first one."""
    last: Float[Tensor, "text position"]
    """Score of ending with a token."""


def _scores(articles: Texts, values: Tensor, word_start: Tensor, language_model: BigramModel) -> _Scores:
    ids, mask = articles
    position = torch.arange(ids.shape[1], device=ids.device)
    starts = word_start[ids] & mask
    starts[:, :1] |= mask[:, :1]
    ends = mask & torch.cat([starts[:, 1:] | ~mask[:, 1:], mask[:, :1]], 1)
    value = values[ids] - LATE * position
    edge = torch.full_like(ids, language_model.vocab)
    first = LANGUAGE * language_model.log_prob(edge, ids) - SKIP * (1.0 + position).log() + value
    gap = (position - position.unsqueeze(1)).clamp(min=1)
    pairs = torch.broadcast_tensors(ids.unsqueeze(2), ids.unsqueeze(1))
    step = LANGUAGE * language_model.log_prob(*pairs) - SKIP * gap.log() + value.unsqueeze(1)
    # Words stay whole: a token is followed by the next one, or ends a word before the start of another.
    whole = (ends.unsqueeze(2) & starts.unsqueeze(1)) | (position == position.unsqueeze(1) + 1)
    ahead = (position > position.unsqueeze(1)) & mask.unsqueeze(1) & mask.unsqueeze(2)
    last = LANGUAGE * language_model.log_prob(ids, edge)
    return _Scores(
        first.where(starts, IMPOSSIBLE), step.where(whole & ahead, IMPOSSIBLE), last.where(ends, IMPOSSIBLE)
    )


def _trace(
    ended: Float[Tensor, "text kept position"], parents: list[Tensor], count: Int[Tensor, " text"]
) -> Bool[Tensor, "text position"]:
    """Follows the parents back from the best last token."""
    rows = torch.arange(len(ended), device=ended.device)
    chosen = torch.zeros(ended.shape[0], ended.shape[2], dtype=torch.bool, device=ended.device)
    if ended.shape[2] == 0:
        return chosen
    place = ended[rows, (count - 1).clamp(min=0)].argmax(1)
    for kept in range(len(parents) + 1, 0, -1):
        reached = count >= kept
        chosen[rows[reached], place[reached]] = True
        if kept > 1:
            place = torch.where(reached, parents[kept - 2][rows, place], place)
    return chosen
