"""Headlines by deletion: the words of an article, in their order, that make the likeliest headline.

An article is taken for a headline into which somebody has put more words. A language model that was counted
on headlines, of other articles, and what headlines prefer to articles, say which words to keep; dynamic
programming finds the best choice of a given length. "Hedge Trimmer: a parse-and-trim approach to headline
generation", Dorr, Zajic & Schwartz 2003, section 2, describes this model ("HMM Hedge", Zajic et al. 2002);
here without its part-of-speech tags.

    score = Σ_i [ LANGUAGE log P_h(w_i | w_(i−1)) + PREFERENCE log P_h(w_i) / P_a(w_i) + RARITY idf(w_i) −
    LATE i − SKIP log gap_i ]
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.modules.bigram import Bigrams
from sentrep.modules.padding import Texts

LANGUAGE, PREFERENCE, RARITY, LATE, SKIP = 0.3, 1.0, 4.0, 0.2, 0.5
"""Weights of the score, chosen by ROUGE on the development part of Reuters headlines."""
RAREST = 9.0
"""Nats of surprise beyond which a word is no more worth keeping."""
NEVER = -1e9


def preference(headlines: Int[Tensor, " vocab"], articles: Int[Tensor, " vocab"]) -> Float[Tensor, " vocab"]:
    """What it is worth to keep a token, from how often it stands in headlines and in articles."""
    headlines, articles = headlines + 0.5, articles + 0.5
    written, read = headlines / headlines.sum(), articles / articles.sum()
    return PREFERENCE * (written / read).log() + RARITY * (-read.log()).clamp(max=RAREST) / RAREST


def hedge(
    articles: Texts,
    length: Int[Tensor, " text"],
    worth: Float[Tensor, " vocab"],
    begins: Bool[Tensor, " vocab"],
    language: Bigrams,
) -> Bool[Tensor, "text position"]:
    """Which tokens make the best headline of `length` tokens, or of as many fewer as there have to be.

    Args:
        articles: to choose from.
        length: tokens wanted; 1 or more.
        worth: of keeping each token, see `preference`.
        begins: which tokens begin a word: words are kept or deleted whole.
        language: of headlines.
    """
    ids, alive = articles
    place = torch.arange(ids.shape[1], device=ids.device)
    starts = begins[ids] & alive
    starts[:, :1] |= alive[:, :1]
    ends = alive & torch.cat([starts[:, 1:] | ~alive[:, 1:], alive[:, :1]], 1)
    value = worth[ids] - LATE * place
    edge = torch.full_like(ids, language.vocab)
    first = LANGUAGE * language.log_probability(edge, ids) - SKIP * (1.0 + place).log() + value
    gap = (place - place.unsqueeze(1)).clamp(min=1)
    step = LANGUAGE * language.log_probability(*torch.broadcast_tensors(ids.unsqueeze(2), ids.unsqueeze(1)))
    step = step - SKIP * gap.log() + value.unsqueeze(1)
    whole = (ends.unsqueeze(2) & starts.unsqueeze(1)) | (place == place.unsqueeze(1) + 1)
    step = step.where(whole & (place > place.unsqueeze(1)) & alive.unsqueeze(1) & alive.unsqueeze(2), NEVER)
    last = (LANGUAGE * language.log_probability(ids, edge)).where(ends, NEVER)

    best, came_from = [first.where(starts, NEVER)], []
    for _ in range(int(length.max()) - 1):
        ahead, parent = (best[-1].unsqueeze(2) + step).max(1)
        best.append(ahead.clamp(min=2 * NEVER))
        came_from.append(parent)
    ended = torch.stack(best, 1) + last.unsqueeze(1)
    possible = ended.amax(2) > NEVER / 2
    possible &= torch.arange(len(best), device=ids.device) < length.unsqueeze(1)
    count = (possible * torch.arange(1, len(best) + 1, device=ids.device)).amax(1)  # 0: an empty article
    return _trace(ended, came_from, count)


def beginnings(tokens: Sequence[str]) -> Bool[Tensor, " vocab"]:
    """Which tokens of a vocabulary begin a word, by the mark that they carry there ("▁the"); all, where none
    carries one. Signs and Chinese or Japanese characters stand for themselves.

    >>> beginnings(["▁the", "re", ",", "狗"]).tolist()
    [True, False, True, True]
    """
    if not any(token.startswith("▁") for token in tokens):
        return torch.ones(len(tokens), dtype=torch.bool)
    return torch.tensor([not token[:1].isalnum() or ord(token[0]) >= 0x2E80 for token in tokens])


def _trace(
    ended: Float[Tensor, "text kept position"], came_from: list[Tensor], count: Int[Tensor, " text"]
) -> Tensor:
    rows = torch.arange(len(ended), device=ended.device)
    chosen = torch.zeros(ended.shape[0], ended.shape[2], dtype=torch.bool, device=ended.device)
    if ended.shape[2] == 0:
        return chosen
    place = ended[rows, (count - 1).clamp(min=0)].argmax(1)
    for kept in range(len(came_from) + 1, 0, -1):
        reached = count >= kept
        chosen[rows[reached], place[reached]] = True
        if kept > 1:
            place = torch.where(reached, came_from[kept - 2][rows, place], place)
    return chosen
