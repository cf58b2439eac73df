"""Summary statistics of generated text: what is copied, what is new, what repeats."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from sentrep.modules.padding import Texts


def summary_stats(summaries: Texts, articles: Texts) -> dict[str, Float[Tensor, ""]]:
    """Measures how degenerate summaries are.

    Returns:
        Means over the summaries: ``prefix_copy``, the share of a summary that equals the beginning of its
        article, from the first token on; ``novelty``, the share of tokens that the article does not contain;
        ``repetition``, the share of tokens that occurred before in the summary; ``length`` in tokens. And of
        all summaries together ``distinct_2``: different bigrams divided by all bigrams (Li et al. 2016).
    """
    ids, mask = summaries
    count = summaries.lengths.clamp(min=1)
    known = (_equal(ids, articles.ids) & articles.mask.unsqueeze(1)).any(2)
    earlier = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril(-1)
    repeated = (_equal(ids, ids) & earlier).any(2)
    bigrams = torch.stack([ids[:, :-1], ids[:, 1:]], 2)[mask[:, 1:]]
    distinct = len(bigrams.unique(dim=0)) / max(1, len(bigrams))
    return {
        "prefix_copy": (_common_prefix(summaries, articles) / count).mean(),
        "novelty": ((~known & mask).sum(1) / count).mean(),
        "repetition": ((repeated & mask).sum(1) / count).mean(),
        "distinct_2": torch.tensor(distinct, device=ids.device),
        "length": summaries.lengths.float().mean(),
    }


def _common_prefix(summaries: Texts, articles: Texts) -> Int[Tensor, " text"]:
    """Returns the number of tokens that both texts begin with."""
    width = max(summaries.ids.shape[1], articles.ids.shape[1])
    mine, theirs = (
        F.pad(text.ids.where(text.mask, -1), (0, width - text.ids.shape[1]), value=-1)
        for text in (summaries, articles)
    )
    return ((mine == theirs) & (mine >= 0)).cumprod(1).sum(1)


def _equal(
    left: Int[Tensor, "text left"], right: Int[Tensor, "text right"]
) -> Bool[Tensor, "text left right"]:
    return left.unsqueeze(2) == right.unsqueeze(1)
