"""Training curves and collapse meters of runs, drawn one over the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sentrep.evaluation.report.league import short_names
from sentrep.utils.errors import InputError, at

POINTS = 300
"""Maximum number of points per curve; longer curves are averaged."""

CHARTS = {
    "loss": ("Loss", "Dotted: the loss at chance. A loss that stays there means that nothing is learnt."),
    "neighbour_mrr": (
        "Finds the next sentence",
        "Mean reciprocal rank in the batch, by cosine. Most methods choose the best checkpoint by it.",
    ),
    "accuracy": (
        "Finds its own text in the batch",
        "Share of sentences whose neighbour is picked among all candidates.",
    ),
    "effective_rank": (
        "Effective rank",
        "Number of dimensions that the vectors use. A fall towards 1 is a collapse.",
    ),
    "mean_cosine": (
        "Mean cosine",
        "Between different sentences. Above .9, all vectors have nearly the same direction.",
    ),
    "spread": (
        "Spread",
        "Standard deviation per dimension, times √width: 1 if the vectors use all directions evenly.",
    ),
    "first_component": ("First component", "Share of the variance on one axis."),
}
"""Value -> title and what it means, in the order of drawing; see the documentation's page on monitors."""

MAIN = 6
"""Number of charts that are always shown."""


class Run(NamedTuple):
    """A training run."""

    name: str
    history: Sequence[Mapping[str, float]]
    """Lines of its logs/metrics.jsonl: `step`, and values by name; names of validation begin with valid_."""


def training_curves(runs: Sequence[Run]) -> dict[str, Any]:
    """Charts with their titles, and for each run and value its points [steps, values, lines a point].

    Raises `InputError` where a run has logged nothing.
    """
    for run in runs:
        if not run.history:
            raise InputError(
                f"{at(run.name)}: nothing in logs/metrics.jsonl; give the folder of a run that has logged "
                "something"
            )
    names = short_names([run.name for run in runs])
    drawn = [{"name": names[run.name], "full": run.name, "series": _series(run)} for run in runs]
    logged = {name.removeprefix("valid_") for run in drawn for name in run["series"]} - {"chance"}
    keys = [*(key for key in CHARTS if key in logged), *sorted(logged - CHARTS.keys())]
    return {"charts": [_chart(key) for key in keys], "runs": drawn}


def _chart(key: str) -> dict[str, Any]:
    title, note = CHARTS.get(key, (key.replace("_", " ").capitalize(), ""))
    return {"key": key, "title": title, "note": note, "main": key in list(CHARTS)[:MAIN]}


def _series(run: Run) -> dict[str, Any]:
    names = dict.fromkeys(name for line in run.history for name in line if name != "step")
    return {
        name: _thinned([(line["step"], line[name]) for line in run.history if name in line]) for name in names
    }


def _thinned(points: Sequence[tuple[float, float]]) -> list[Any]:
    """At most `POINTS` means of neighbours, and the last point as it is; a mean over values of which one is
    not finite is not finite."""
    together = math.ceil(len(points) / POINTS)
    parts = [points[start : start + together] for start in range(0, len(points), together)]
    steps = [part[-1][0] for part in parts]
    values = [float(sum(value for _, value in part) / len(part)) for part in parts[:-1]] + [
        float(points[-1][1])
    ]
    return [steps, values, together]
