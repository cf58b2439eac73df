"""Label-free validation on held-out text: the objective, retrieval of the next sentence, and collapse
metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch, SentenceBatches
from sentrep.encoders.fast.memory import fast_evaluation
from sentrep.methods.base import Method
from sentrep.modules.contrastive import gather
from sentrep.modules.spectrum import spectrum
from sentrep.training.config import TrainingConfig
from sentrep.training.document_probe import document_probe, next_against
from sentrep.training.monitors import Alarm, alarms, derived, neighbour_mrr

LARGEST = 4
"""Batches that are measured; more take longer and hardly make the means more exact."""
DIGITS = {"effective_rank": 0, "mean_cosine": 2, "perplexity": 1}
Autocast = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Validation:
    """Held-out batches, the same ones in the same order at every validation."""

    batches: SentenceBatches
    shard: int
    shards: int

    @torch.no_grad()
    def measure(
        self, method: Method, autocast: Autocast, clipped: float = 0.0
    ) -> tuple[dict[str, float], list[Alarm]]:
        """Measures a method.

        Args:
            method: to measure; it is in training mode again afterwards.
            autocast: makes the context of the run's precision.
            clipped: share of the last training steps whose gradient was clipped, for the monitors.

        Returns:
            Means of the metrics over the batches, and the alarms that they raise.
        """
        method.eval()
        count = min(LARGEST, len(self.batches))
        with fast_evaluation():
            seen = [self._batch(method, autocast, index) for index in range(count)]
        method.train()
        vectors = torch.cat([each.vectors for each in seen])
        document = torch.cat([each.batch.document for each in seen])
        segment = torch.cat([each.batch.segment for each in seen])
        everywhere = [name for name in seen[0].values if all(name in each.values for each in seen)]
        means = {name: sum(each.values[name] for each in seen) / len(seen) for name in everywhere}
        means |= spectrum(vectors) | document_probe(vectors, document, segment)
        documents = len(seen[-1].batch.document.unique())
        more = derived(means, vectors.shape[1], documents, len(vectors), clipped)
        return means, alarms(means | more, method.monitors())

    def _batch(self, method: Method, autocast: Autocast, index: int) -> Measured:
        """One held-out batch, the parts of other processes included."""
        device = next(method.parameters()).device
        batch = self.batches.batch(0, index, self.shard, self.shards).to(device)
        values: dict[str, Tensor] = {}
        with autocast(), torch.random.fork_rng([device] if device.type == "cuda" else []):
            torch.manual_seed(index)  # samples are the same at each validation, and training draws its own
            for phase in method.phases:
                step = method(batch, phase)
                values |= {method.loss_name(phase): step.loss, **step.metrics}
            vectors = gather(method.embed(batch).float())
        whole = SentenceBatch(batch.ids, batch.offsets, gather(batch.document), gather(batch.segment))
        means = {name: _mean(values.get(name), device) for name in _all_names(values, device)}
        if len(whole.pairs(1)[0]):
            means |= {"neighbour_mrr": neighbour_mrr(vectors, whole)} | next_against(vectors, whole)
        return Measured(means, vectors, whole)


def _all_names(values: Mapping[str, Tensor], device: torch.device) -> list[str]:
    """Names of the metrics that any process has, in the same order in all: a process leaves out what its part
    of the batch does not show."""
    own = "".join(f"{name}\n" for name in values).encode()
    every = bytes(gather(torch.tensor(list(own), dtype=torch.uint8, device=device)).tolist())
    return list(dict.fromkeys(every.decode().split()))


def _mean(value: Tensor | None, device: torch.device) -> float:
    """Mean over the processes that have a value."""
    here = torch.zeros(1, 2, device=device)
    if value is not None:
        here[0, 0], here[0, 1] = 1, value
    rows = gather(here)
    return rows[rows[:, 0] == 1, 1].mean().item()


class Measured(NamedTuple):
    """What validation found in one batch."""

    values: dict[str, float]
    vectors: Float[Tensor, "sentence width"]
    batch: SentenceBatch
    """Documents and segments of all processes."""


def score(measured: dict[str, float], config: TrainingConfig, step: int) -> float:
    """How good a checkpoint is, without labels; the best checkpoint has the highest score."""
    if config.choose_by == "loss":
        return -measured["loss"]
    return float(step) if config.choose_by == "last" else measured.get("neighbour_mrr", float(step))


def summary_line(measured: dict[str, float], headline: tuple[str, ...]) -> str:
    """The metrics that are printed: the loss, those that the method names, and those of the vectors.

    >>> summary_line({"loss": 1.5, "accuracy": 0.25, "effective_rank": 99.6}, ("accuracy",))
    'loss 1.500, accuracy 0.250, effective rank 100'
    """
    names = ("loss", *headline, "neighbour_mrr", "effective_rank", "mean_cosine")
    return ", ".join(
        f"{name.replace('_', ' ')} {measured[name]:.{DIGITS.get(name, 3)}f}"
        for name in names
        if name in measured
    )
