"""Plots of a run: training curves and a map of sentences."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sentrep.evaluation.report.projection import on_a_plane

INK, FAINT = "#222222", "#bbbbbb"
SHAPES = "os^Dv"
"""Marker shapes, in addition to colours, for colour-blind readers."""


def training_curve(history: Sequence[Mapping[str, float]], file: Path) -> None:
    """Loss and validation score over the steps, from the lines of logs/metrics.jsonl."""
    figure, (left, right) = _figure(1, 2, (10, 3.6))
    _line(left, history, "loss", "training", "#4477aa")
    _line(left, history, "valid_loss", "held out", "#ee6677")
    _line(right, history, "valid_neighbour_mrr", "finds the next sentence (MRR)", "#228833")
    _line(right, history, "valid_accuracy", "finds its own text in the batch", "#ccbb44")
    left.set_title("loss", loc="left", color=INK)
    right.set_title("on held-out documents", loc="left", color=INK)
    for axes in (left, right):
        axes.set_xlabel("step", color=INK)
        axes.legend(frameon=False)
    right.set_ylim(bottom=0)
    _save(figure, file)


def sentence_map(
    vectors: NDArray[np.float32], labels: Sequence[str], file: Path, shown: int = 10, seed: int = 0
) -> None:
    """A map of vectors (sentence, width); the `shown` most frequent labels have a colour and a shape each."""
    places = on_a_plane(vectors, seed)
    figure, axes = _figure(1, 1, (9, 7))
    frequent = [label for label, _ in Counter(labels).most_common(shown)]
    rest = np.array([label not in frequent for label in labels])
    axes.scatter(*places[rest].T, s=4, color=FAINT, linewidths=0, label="others")
    for label, colour, shape in zip(frequent, _palette(shown), itertools.cycle(SHAPES), strict=False):
        chosen = np.array([one == label for one in labels])
        axes.scatter(*places[chosen].T, s=12, color=colour, marker=shape, linewidths=0, label=label)
    axes.set_axis_off()
    axes.legend(frameon=False, markerscale=2.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    _save(figure, file)


def _figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure that needs no screen: the object itself is made, so that no global backend is changed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns)
    for each in np.atleast_1d(axes):
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _line(axes: Any, history: Sequence[Mapping[str, float]], name: str, label: str, colour: str) -> None:
    points = [(line["step"], line[name]) for line in history if name in line]
    if points:
        axes.plot(
            *zip(*points, strict=True),
            label=label,
            color=colour,
            marker="o" if len(points) < 30 else None,
            markersize=3,
        )


def _palette(count: int) -> list[Any]:
    from matplotlib import colormaps

    return [colormaps["tab10"](number % 10) for number in range(count)]


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=130)
