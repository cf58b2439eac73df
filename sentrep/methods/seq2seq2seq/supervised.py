"""What a generator learns from summaries that are known, whoever made them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.methods.seq2seq2seq.summary_generator import Rewriter, Source
from sentrep.modules.padding import Texts, ended


class Lesson(NamedTuple):
    """Articles with a summary each."""

    name: str
    weight: float
    source: Source
    """As the generator reads the articles."""
    articles: Texts
    summaries: Texts


def learn(
    generator: Rewriter, lessons: Iterable[Lesson], end: int, coverage: float
) -> tuple[Float[Tensor, ""], dict[str, Tensor]]:
    """The loss: nats a token of the summaries, with their ends, and the coverage loss, lesson by lesson in
    their weights; and those nats alone, by the lesson's name."""
    loss, metrics = torch.zeros((), device=generator.rows.weight.device), dict[str, Tensor]()
    for lesson in lessons:
        surprise, outcome = generator.surprise(lesson.source, ended(lesson.summaries, end))
        loss = loss + lesson.weight * (surprise.mean() + coverage * outcome.repeated.mean())
        metrics[f"{lesson.name}_nll"] = surprise.mean().detach()
    return loss, metrics
