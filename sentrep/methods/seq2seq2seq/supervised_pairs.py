"""Supervised pairs: articles with known summaries, whether annotated or synthetic."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.methods.seq2seq2seq.summary_generator import PointerGenerator, Source
from sentrep.modules.padding import Texts, append_end, text_means


class SupervisedPairs(NamedTuple):
    """Articles with a summary each."""

    name: str
    """Begins the name of the metric."""
    weight: float
    """Weight in the loss."""
    source: Source
    """The articles, encoded by the generator."""
    articles: Texts
    summaries: Texts


def supervised_loss(
    generator: PointerGenerator, pairs: Iterable[SupervisedPairs], end: int, coverage_weight: float
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """Returns the loss of the generator on known summaries.

    Args:
        generator: the generator.
        pairs: several kinds of pairs.
        end: id of the end token.
        coverage_weight: weight of the coverage loss.

    Returns:
        The weighted sum over the kinds of pairs of negative log-likelihood (nats a token) and coverage loss,
        and the negative log-likelihood of each kind.
    """
    loss, metrics = torch.zeros((), device=generator.embedding.weight.device), dict[str, Tensor]()
    for each in pairs:
        summaries = append_end(each.summaries, end)
        nll, output = generator.nll(each.source, summaries)
        coverage_loss = text_means(output.coverage_loss, summaries.mask).mean()
        loss = loss + each.weight * (nll.mean() + coverage_weight * coverage_loss)
        metrics[f"{each.name}_nll"] = nll.mean().detach()
    return loss, metrics
