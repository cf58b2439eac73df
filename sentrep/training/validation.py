"""Label-free validation on held-out text: the objective, the neighbour test, and the collapse meters."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch

from sentrep.data.batch import SentenceBatch, SentenceBatches
from sentrep.methods.base import Method
from sentrep.modules.contrastive import gather
from sentrep.modules.spectrum import spectrum
from sentrep.training import monitors
from sentrep.training.config import TrainingConfig
from sentrep.training.document_probe import document_probe, next_against

LARGEST = 4
"""Batches looked at: more sharpen the numbers less than they cost."""


@dataclass(frozen=True)
class Validation:
    """Held-out batches, the same ones in the same order at every validation."""

    batches: SentenceBatches
    shard: int
    shards: int

    @torch.no_grad()
    def measure(
        self, method: Method, autocast: Callable[[], AbstractContextManager[None]], clipped: float = 0.0
    ) -> tuple[dict[str, float], list[str]]:
        """Means over the batches, and the alarms that they raise, with the share of the last steps whose
        gradient was clipped."""
        method.eval()
        found: list[dict[str, float]] = []
        seen: list[tuple[torch.Tensor, SentenceBatch]] = []
        device = next(method.parameters()).device
        for index in range(min(LARGEST, len(self.batches))):
            batch = self.batches.batch(0, index, self.shard, self.shards).to(device)
            values: dict[str, torch.Tensor] = {}
            with autocast(), torch.random.fork_rng([device] if device.type == "cuda" else []):
                torch.manual_seed(
                    index
                )  # what is drawn here is the same each time, and takes nothing from training
                for phase in method.phases:
                    step = method(batch, phase)
                    values |= {
                        "loss" if len(method.phases) == 1 else f"{phase}_loss": step.loss,
                        **step.metrics,
                    }
                vectors = gather(method.embed(batch).float())
            whole = SentenceBatch(batch.ids, batch.offsets, gather(batch.document), gather(batch.segment))
            each = {name: gather(value.reshape(1).float()).mean().item() for name, value in values.items()}
            if len(whole.pairs(1)[0]):
                each |= {"neighbour_mrr": monitors.neighbour_mrr(vectors, whole)} | next_against(
                    vectors, whole
                )
            found.append(each)
            seen.append((vectors, whole))
        method.train()
        vectors = torch.cat([each for each, _ in seen])
        document, run = (
            torch.cat([batch.document for _, batch in seen]),
            torch.cat([batch.segment for _, batch in seen]),
        )
        everywhere = [name for name in found[0] if all(name in each for each in found)]
        means = {name: sum(each[name] for each in found) / len(found) for name in everywhere}
        means |= spectrum(vectors) | document_probe(vectors, document, run)
        return means, monitors.alarms(
            means | {"clipped": clipped}, vectors.shape[1], len(whole.document.unique()), len(vectors)
        )


def score(measured: dict[str, float], config: TrainingConfig, step: int) -> float:
    """How good a checkpoint is; the best is the one with the highest score. No score needs a label."""
    if config.choose_by == "loss":
        return -measured["loss"]
    return float(step) if config.choose_by == "last" else measured.get("neighbour_mrr", float(step))


def line(measured: dict[str, float]) -> str:
    """The values a person looks at first."""
    names = (
        *(
            "loss",
            "accuracy",
            "perplexity",
            "code_gap",
            "gain_over_lead",
            "prefix_copy",
            "right_f1",
            "left_f1",
        ),
        *("neighbour_mrr", "effective_rank", "mean_cosine"),
    )
    digits = {"effective_rank": 0, "mean_cosine": 2, "perplexity": 1}
    return ", ".join(
        f"{name.replace('_', ' ')} {measured[name]:.{digits.get(name, 3)}f}"
        for name in names
        if name in measured
    )
