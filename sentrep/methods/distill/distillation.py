"""Distillation of a sentence encoder into a static bag of tokens, on the user's own passages.

The vector of a text is the weighted sum of the rows of its tokens. Rows start as the teacher's vectors of the
single tokens without their mean, weights as a / (a + p(token)). Both learn to point where the teacher's
vectors of the passages point:

    x_d = Σ_{t ∈ d} w_t r_t          loss = mean_d (1 − cos(x_d, teacher(d)))

The bag is for the collection that it was fitted to: it fits its passages almost exactly. A vocabulary of
subwords lets it read words of documents that come later.

References:
    Tulkens & van Dongen, "Model2Vec: fast state-of-the-art static embeddings", 2024: rows from single tokens.
    Arora, Liang & Ma, "A simple but tough-to-beat baseline for sentence embeddings", ICLR 2017, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn

from sentrep.data.batch import offsets_of
from sentrep.methods.distill.config import DistillConfig
from sentrep.utils.progress import progress


class Passages:
    """Token ids of passages, ragged.

    Args:
        ids: (token,) of all passages, one after the other.
        offsets: (passage + 1,) where each passage starts.
    """

    def __init__(self, ids: Int[Tensor, " token"], offsets: Int[Tensor, " offset"]) -> None:
        self.ids, self.offsets = ids, offsets
        self.lengths = offsets.diff()

    def __len__(self) -> int:
        return len(self.lengths)

    def rows(self, chosen: Int[Tensor, " passage"]) -> Passages:
        """Some of the passages, in the order of `chosen`."""
        lengths = self.lengths[chosen]
        offsets = offsets_of(lengths)
        shift = (self.offsets[chosen] - offsets[:-1]).repeat_interleave(lengths)
        return Passages(self.ids[shift + torch.arange(int(offsets[-1]))], offsets)


class StaticBag(nn.Module):
    """A token table with a weight for each token.

    Args:
        rows: initial rows.
        counts: how often each token occurs in the passages.
        frequency: the constant a of the initial weights.
    """

    def __init__(
        self, rows: Float[Tensor, "vocab width"], counts: Float[Tensor, " vocab"], frequency: float
    ) -> None:
        super().__init__()
        share = counts / counts.sum().clamp(min=1)
        rows = rows / rows.norm(dim=1).mean().clamp(min=1e-9)  # learning rates are for lengths around 1
        self.rows = nn.Parameter(rows - rows.mean(0))
        self.log_weights = nn.Parameter((frequency / (frequency + share)).log())

    def forward(self, passages: Passages) -> Float[Tensor, "passage width"]:
        weights = self.log_weights.exp()[passages.ids]
        return F.embedding_bag(
            passages.ids, self.rows, passages.offsets[:-1], mode="sum", per_sample_weights=weights
        )

    def table(self, without: Sequence[int] = ()) -> Float[Tensor, "vocab width"]:
        """Rows with their weights folded in; zero for the tokens `without` (special and unknown tokens)."""
        table = (self.rows * self.log_weights.exp().unsqueeze(1)).detach().clone()
        table[list(without)] = 0
        return table


def distill(
    passages: Passages,
    teacher: Float[Tensor, "passage teacher_width"],
    rows: Float[Tensor, "vocab teacher_width"],
    config: DistillConfig,
) -> tuple[StaticBag, list[float]]:
    """Fit a static bag to the teacher's vectors.

    Args:
        passages: token ids of the passages.
        teacher: the teacher's vectors of the passages.
        rows: the teacher's vectors of the single tokens.
        config: settings.

    Returns:
        The bag, and the loss of each step.

    Example:
        >>> _ = torch.manual_seed(0)
        >>> passages = Passages(torch.tensor([0, 1, 1, 2]), torch.tensor([0, 2, 4]))
        >>> bag, losses = distill(passages, torch.eye(2, 4), torch.randn(3, 4), DistillConfig(steps=50))
        >>> losses[-1] < losses[0]
        True
    """
    counts = torch.bincount(passages.ids, minlength=len(rows)).float()
    bag = StaticBag(rows, counts, config.frequency)
    optimizer = torch.optim.Adam(
        [
            {"params": [bag.rows], "lr": config.lr},
            {"params": [bag.log_weights], "lr": config.weight_lr},
        ]
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: max(0.0, 1 - step / max(config.steps, 1))
    )
    order = _Order(len(passages), config)
    losses = []
    for _ in progress(range(config.steps), "distilling", unit="step"):
        chosen = order.next()
        loss = (1 - F.cosine_similarity(bag(passages.rows(chosen)), teacher[chosen])).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return bag, losses


class _Order:
    """Batches of passage numbers; each passage comes once before any comes again."""

    def __init__(self, count: int, config: DistillConfig) -> None:
        self._count, self._size = count, config.batch_size
        self._random = torch.Generator().manual_seed(config.seed)
        self._waiting = torch.empty(0, dtype=torch.long)

    def next(self) -> Int[Tensor, " passage"]:
        if len(self._waiting) < min(self._size, self._count):
            self._waiting = torch.cat([self._waiting, torch.randperm(self._count, generator=self._random)])
        chosen, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
        return chosen
