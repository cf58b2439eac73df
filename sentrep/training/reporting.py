"""Output of a training run: progress bar, log, trackers and alarms."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Self

import torch
from torch import Tensor
from tqdm import tqdm

from sentrep.training.monitors import Alarm
from sentrep.training.run_folder import RunFolder
from sentrep.utils.errors import InputError, opt, shown
from sentrep.utils.progress import visible

Track = Callable[[Mapping[str, float], int], None]


class Reporter:
    """Collects metrics, and shows and writes their means.

    Args:
        run: folder of metrics.jsonl.
        steps: length of the run.
        start: first step, larger than 0 for a resumed run.
        track: sends values to a tracker such as TensorBoard.
        active: False on all processes but the first.
    """

    def __init__(self, run: RunFolder, steps: int, start: int, track: Track, active: bool) -> None:
        self.run, self.track, self.active = run, track, active
        self.bar = tqdm(
            total=steps,
            initial=start,
            desc="training",
            unit=" batch",
            disable=not (active and visible()),
            leave=False,
        )
        self.sums: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self.means: dict[str, float] = {}
        """Means at the last flush."""
        self.sentences = 0
        self.warned: set[str] = set()

    def add(self, values: Mapping[str, Tensor], sentences: int) -> None:
        """Adds the metrics of one step. They stay on the device: reading them would synchronise it."""
        self.bar.update()
        self.sentences += sentences
        for name, value in values.items():
            self.sums[name] = (
                self.sums.get(name, torch.zeros((), device=value.device)) + value.detach().float()
            )
            self.counts[name] = self.counts.get(name, 0) + 1

    def flush(
        self, step: int, lr: float, reduce: Callable[[Tensor], Tensor], seconds: float
    ) -> dict[str, float]:
        """Writes the means since the last flush, which was `seconds` ago."""
        self.means = means = {
            name: float(reduce(total / self.counts[name])) for name, total in self.sums.items()
        }
        self.check_finite(step, means)
        throughput = self.sentences / max(seconds, 1e-9)
        self.sums, self.counts, self.sentences = {}, {}, 0
        self.write(step, {**means, "lr": lr, "sentences_per_second": throughput})
        self.bar.set_postfix_str(f"loss {means.get('loss', float('nan')):.3f}, {throughput:,.0f} sentences/s")
        return means

    def check(self, step: int, reduce: Callable[[Tensor], Tensor]) -> None:
        """Checks the metrics since the last flush, before weights are saved that may not be finite."""
        self.check_finite(step, {name: float(reduce(total)) for name, total in self.sums.items()})

    def check_finite(self, step: int, values: Mapping[str, float]) -> None:
        """Ends a run that has diverged.

        Raises:
            InputError: a loss or a gradient norm is infinite or not a number.
        """
        for name, value in values.items():
            if (name.endswith("loss") or name == "gradient_norm") and not math.isfinite(value):
                raise InputError(
                    f"training has diverged: {name.replace('_', ' ')} is {value} by step {step}; "
                    "the last checkpoint can be used. "
                    f"Try a lower {opt('lr')}, a smaller {opt('clip')}, or {opt('precision')} fp32."
                )

    def write(self, step: int, values: Mapping[str, float]) -> None:
        if self.active:
            self.run.log(step, values)
            self.track(values, step)

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        if self.active:
            tqdm.write(shown(line), file=sys.stderr)

    def warn(self, alarms: list[Alarm]) -> None:
        """Prints each kind of alarm once in a run."""
        for alarm in alarms:
            if alarm.name not in self.warned:
                self.warned.add(alarm.name)
                self.say(f"warning: {alarm.message}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()
