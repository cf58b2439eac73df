"""How summaries are worded, token by token: what is copied, what is new, what repeats. The meters of a
degenerate summariser."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.modules.padding import Texts


def wording(summaries: Texts, articles: Texts) -> dict[str, Float[Tensor, ""]]:
    """``prefix_copy``: share of a summary's tokens that are, from the start on, the article's own beginning.
    ``novelty``: share that its article does not have. ``repetition``: share that it has had before.
    ``distinct_2``: different pairs of neighbours over all pairs, of all summaries together (Li et al. 2016).
    ``length``: tokens. Means over the summaries."""
    ids, alive = summaries
    length = alive.sum(1)
    width = max(ids.shape[1], articles.ids.shape[1])
    mine, theirs = (torch.nn.functional.pad(text.ids.where(text.alive, -1), (0, width - text.ids.shape[1]), value=-1)
                    for text in (summaries, articles))  # fmt: skip
    same = ((mine == theirs) & (mine >= 0)).cumprod(1).sum(1)
    known = ((ids.unsqueeze(2) == articles.ids.unsqueeze(1)) & articles.alive.unsqueeze(1)).any(2)
    before = torch.ones(ids.shape[1], ids.shape[1], dtype=torch.bool, device=ids.device).tril(-1)
    again = ((ids.unsqueeze(2) == ids.unsqueeze(1)) & before).any(2)
    pairs = torch.stack([ids[:, :-1], ids[:, 1:]], 2)[alive[:, 1:]]
    count = length.clamp(min=1)
    return {
        "prefix_copy": (same / count).mean(),
        "novelty": ((~known & alive).sum(1) / count).mean(),
        "repetition": ((again & alive).sum(1) / count).mean(),
        "distinct_2": torch.tensor(len(pairs.unique(dim=0)) / max(1, len(pairs)), device=ids.device),
        "length": length.float().mean(),
    }
