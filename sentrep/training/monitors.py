"""Metrics of validation that show a collapse early, and the monitors that hold for every method.

Monitors are data (`sentrep.methods.monitors`); `alarms` evaluates them. What each metric means and which
failure it shows is in docs/monitors.md."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from sentrep.data.batch import SentenceBatch
from sentrep.methods.monitors import (
    Condition,
    Direction,
    Monitor,
    Remedy,
    anisotropy,
    collapse,
    higher,
)
from sentrep.modules.spectrum import SAMPLE
from sentrep.utils.errors import opt

TIE = 1e-6
"""Cosines closer than this are equal: the last digits of a product depend on its place in the matrix."""

GENERIC = (
    collapse(),
    anisotropy(),
    # At a low temperature the loss of a good order may lie above that of a random guess, so a loss at chance
    # counts only where the accuracy is at chance, too.
    Monitor(
        "loss_over_chance",
        0.98,
        "above",
        "nothing is learnt yet: the loss is {loss:.2f}, that of a random guess {chance:.2f}",
        (
            higher("lr"),
            higher("epochs"),
            Remedy(f"check that neighbouring sentences belong together ({opt('split')})", "split"),
        ),
        when=(Condition("accuracy_over_chance", 4.0, "below"),),
    ),
)
"""A method's own monitor of the same metric replaces one of these, to give advice of its own."""


class Alarm(NamedTuple):
    """A monitor whose threshold was passed."""

    name: str
    """The metric."""
    message: str
    """Cause and remedy; settings are marked as in `InputError`."""


def alarms(values: Mapping[str, float], monitors: Iterable[Monitor] = ()) -> list[Alarm]:
    """Evaluates the generic monitors and those of a method.

    Args:
        values: metrics of validation, with `derived` ones among them. Monitors of metrics that are missing do
            not alarm.
        monitors: the method's own.

    >>> [alarm.name for alarm in alarms({"mean_cosine": 0.95})]
    ['mean_cosine']
    """
    own = list(monitors)
    replaced = {monitor.name for monitor in own}
    every = [monitor for monitor in GENERIC if monitor.name not in replaced] + own
    return [Alarm(monitor.name, _message(monitor, values)) for monitor in every if _trips(monitor, values)]


def derived(
    values: Mapping[str, float], width: int, documents: int, sentences: int, clipped: float
) -> dict[str, float]:
    """Quantities that monitors watch and that follow from other metrics.

    Args:
        values: metrics of validation.
        width: of the vectors.
        documents: from which the sentences came; there is no gap between documents where there is one.
        sentences: that were embedded; they cannot fill more dimensions than that.
        clipped: share of the last training steps whose gradient was clipped.
    """
    found = {"width": float(width), "clipped": clipped}
    if "effective_rank" in values:
        found["effective_rank_share"] = values["effective_rank"] / min(width, sentences, SAMPLE)
    if "chance" in values:
        found["candidates"] = math.exp(values["chance"])
        found["accuracy_over_chance"] = values.get("accuracy", 0.0) * found["candidates"]
        if "loss" in values and values["chance"] > 0:
            found["loss_over_chance"] = values["loss"] / values["chance"]
    if documents > 1 and {"accuracy", "accuracy_same_document"} <= values.keys():
        found["accuracy_gap"] = values["accuracy"] - values["accuracy_same_document"]
    if {"next_against_other_documents", "next_against_same_document"} <= values.keys():
        found["next_gap"] = values["next_against_other_documents"] - values["next_against_same_document"]
    return found


def neighbour_mrr(vectors: Float[Tensor, "sentence width"], batch: SentenceBatch) -> float:
    """Mean reciprocal rank of the next sentence among all other sentences of the batch, by cosine.

    Among ties the right sentence has its expected reciprocal rank. The value needs no label, means the same
    for every method, and falls to chance when vectors collapse. It is 0 where no sentence has a successor.
    """
    unit = F.normalize(vectors.float(), dim=1)
    first, second = batch.pairs(1)
    if len(first) == 0:
        return 0.0
    scores = unit[first] @ unit.T
    own = scores.gather(1, second.unsqueeze(1))
    scores.scatter_(1, first.unsqueeze(1), -torch.inf)  # the sentence itself is no candidate
    better = (scores > own + TIE).sum(1)
    ties = ((scores - own).abs() <= TIE).sum(1)  # the right one among them
    start = torch.zeros(1, device=scores.device)
    reciprocals = 1 / torch.arange(1, scores.shape[1] + 1, device=scores.device)
    harmonic = torch.cat([start, reciprocals.cumsum(0)])
    # Without any tie, not even with itself, the score is not a number: such a vector finds nothing.
    return float(((harmonic[better + ties] - harmonic[better]) / ties.clamp(min=1)).mean())


def _trips(monitor: Monitor, values: Mapping[str, float]) -> bool:
    if monitor.name not in values or not _passes(values, monitor.name, monitor.threshold, monitor.direction):
        return False
    return all(
        each.name not in values or _passes(values, each.name, each.threshold, each.direction)
        for each in monitor.when
    )


def _passes(values: Mapping[str, float], name: str, threshold: float, direction: Direction) -> bool:
    return values[name] > threshold if direction == "above" else values[name] < threshold


def _message(monitor: Monitor, values: Mapping[str, float]) -> str:
    remedies = [remedy.text for remedy in monitor.remedy]
    advice = ", or ".join([", ".join(remedies[:-1]), remedies[-1]] if len(remedies) > 1 else remedies)
    return f"{monitor.cause.format_map(values)}. {advice[0].upper()}{advice[1:]}."
