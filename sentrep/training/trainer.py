"""The training loop. For each batch, for each phase: forward, backward, clip, step.

Methods have several optimisers, and resuming is bit-exact, so the loop is our own. Everything that a step
depends on is either computed from its number (which batch, which learning rate) or in the checkpoint
(weights, optimiser state, random state).

The file is over 250 lines long because the whole loop stands in one class, in the order of its steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor

from sentrep.data.batch import SentenceBatch, SentenceBatches
from sentrep.methods.base import Method
from sentrep.training.accelerator import any_process, mean_of_processes
from sentrep.training.checkpoint import State
from sentrep.training.config import TrainingConfig
from sentrep.training.optimization import clip_gradients, make_optimizer, schedule, set_lr
from sentrep.training.reporting import Reporter
from sentrep.training.run_folder import RunFolder
from sentrep.training.signals import Interrupt, interruptible
from sentrep.training.usability import undertrained
from sentrep.training.validation import Validation, score, summary_line
from sentrep.utils.errors import opt

if TYPE_CHECKING:
    from accelerate import Accelerator

END = {
    "finished": "",
    "patience": "stopped early: validation has not improved",
    "time": "stopped: the time limit is reached",
    "interrupted": "interrupted; the checkpoint is saved. Give the same command again to continue.",
}
QUIET = 0.25
"""Share of the run before which no monitor alarms: at the beginning the metrics of every run look bad."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    steps: int
    ended: str
    """A key of `END`."""
    best_step: int
    best: float
    """What `validation.score` gave for that step."""
    seconds: float
    undertrained: str = ""
    """A warning if the run was far too short to be used."""


def train(
    method: Method,
    batches: SentenceBatches,
    validation: Validation | None,
    config: TrainingConfig,
    lr: float,
    run: RunFolder,
    accelerator: Accelerator,
) -> Outcome:
    """Trains `method` in place; see `Trainer`."""
    return Trainer(method, batches, validation, config, lr, run, accelerator).fit()


class Trainer:
    """Trains a method on batches, from the newest checkpoint of the run on, if there is one.

    Args:
        method: is trained in place. Afterwards it holds its best weights, or its last ones without
            validation.
        batches: the training data.
        validation: held-out data; None trains without.
        config: how long, how fast, and what is kept.
        lr: peak learning rate.
        run: where checkpoints and logs are written.
        accelerator: device, precision and processes.
    """

    def __init__(
        self,
        method: Method,
        batches: SentenceBatches,
        validation: Validation | None,
        config: TrainingConfig,
        lr: float,
        run: RunFolder,
        accelerator: Accelerator,
    ) -> None:
        self.method, self.validation, self.config, self.lr = method, validation, config, lr
        self.run, self.accelerator = run, accelerator
        self.model = accelerator.prepare(method.to(accelerator.device))
        self.optimizers = {
            phase: accelerator.prepare(make_optimizer(method, phase, lr, config)) for phase in method.phases
        }
        steps = max(1, math.ceil(config.epochs * len(batches) / config.accumulate))
        steps = min(steps, config.most_steps or steps)
        self.steps = steps if config.steps is None else config.steps
        self.state = State()
        self.state.restore(run, method, self.optimizers, accelerator)
        if config.tracker != "none":
            accelerator.init_trackers("")
        self.saved = self.logged = self.now = time.monotonic()
        self.began = self.now - self.state.seconds
        if self.state.interval is None:
            self.state.interval = self._interval()
        self.ended = "finished" if self.state.step >= self.steps else self.state.ended
        self.stopping = False
        self.current_lr = lr
        numbers = range(self.state.step * config.accumulate, self.steps * config.accumulate)
        self.batches = prefetched(batches, numbers, accelerator.process_index, accelerator.num_processes)

    def fit(self) -> Outcome:
        """Trains to the end of the run. The first Ctrl-C saves a checkpoint and ends."""
        with self._reporter() as report, interruptible() as interrupt:
            if self.ended and self.steps:
                report.say(
                    f"this run has ended already, at step {self.state.step:,}; "
                    f"to train again, give another {opt('out')} or {opt('overwrite')}"
                )
            if not self.ended and self._validation_is_due():
                self._make_up_validation(report)
            while not self.ended:
                self._step(self._progress(self._seconds()), report)
                self._clock(interrupt)
                self._log(report)
                self._validate(report)
                self._checkpoint(report)
            warning = self._conclude(report)
        self._load_best()
        state = self.state
        return Outcome(state.step, self.ended, state.best_step, state.best, state.seconds, warning)

    def _make_up_validation(self, report: Reporter) -> None:
        """Validates the weights of the checkpoint, as the run would have done without an interruption."""
        self.method.active_phases(self.state.progress)
        self._validate(report)
        self._save(report)

    def _step(self, progress: float, report: Reporter) -> None:
        """Trains every active phase on the next batches."""
        self.state.progress = progress
        device, processes = self.accelerator.device, self.accelerator.num_processes
        self.current_lr = self.lr * schedule(progress, self.config)
        batches = [next(self.batches).to(device) for _ in range(self.config.accumulate)]
        self.model.train()
        values: dict[str, Tensor] = {}
        for phase in self.method.active_phases(progress):
            values |= self._train_phase(phase, batches)
        self.state.step += 1
        report.add(values, sum(map(len, batches)) * processes)

    def _train_phase(self, phase: str, batches: list[SentenceBatch]) -> dict[str, Tensor]:
        """One step of the phase's optimiser; returns its metrics."""
        optimizer = self.optimizers[phase]
        set_lr(optimizer, self.current_lr)
        values = self._accumulate_gradients(phase, batches)
        if self.config.clip:
            norm = clip_gradients(optimizer, self.config.clip)
            values |= {"gradient_norm": norm, "clipped": (norm > self.config.clip).float()}
        optimizer.step()
        # Of all phases: the loss of one may have a gradient in the parameters of another.
        self.model.zero_grad(set_to_none=True)
        return values

    def _accumulate_gradients(self, phase: str, batches: list[SentenceBatch]) -> dict[str, Tensor]:
        """Backward passes of the mean loss over batches; returns the mean metrics."""
        means: dict[str, Tensor] = {}
        for place, batch in enumerate(batches):
            last = place == len(batches) - 1
            with nullcontext() if last else self.accelerator.no_sync(self.model):
                step = self.model(batch, phase)
                self.accelerator.backward(step.loss / len(batches))
            for name, value in {self.method.loss_name(phase): step.loss, **step.metrics}.items():
                means[name] = means.get(name, 0) + value.detach() / len(batches)
        return means

    def _clock(self, interrupt: Interrupt) -> None:
        """Decides whether the run ends with this step."""
        self.now = time.monotonic()
        state, minutes = self.state, self.config.minutes
        state.seconds = self._seconds()
        out_of_time = minutes is not None and state.seconds >= 60 * minutes
        self.stopping = any_process(self.accelerator, interrupt.asked or out_of_time)
        if state.step == self.steps:
            self.ended = "finished"
        elif self.stopping:
            self.ended = "interrupted" if any_process(self.accelerator, interrupt.asked) else "time"

    def _log(self, report: Reporter) -> None:
        """Writes the mean metrics since the last log."""
        if self.state.step % self.config.log_every == 0 or self.ended:
            report.flush(self.state.step, self.current_lr, self._mean, self.now - self.logged)
            self.logged = self.now

    def _validate(self, report: Reporter) -> None:
        """Measures the method on held-out text where that is due, and keeps the best weights.

        At an interruption the validation is left to the run that goes on from the checkpoint.
        """
        due = self._validation_is_due()
        if self.validation is None or self.ended == "interrupted" or not (due or self.ended):
            return
        step, self.state.interval = self.state.step, self._interval()
        clipped = report.means.get("clipped", 0.0)
        measured, alarms = self.validation.measure(self.method, self.accelerator.autocast, clipped)
        report.check_finite(step, measured)
        report.write(step, {f"valid_{name}": value for name, value in measured.items()})
        if self._progress(self.state.seconds) >= QUIET:
            report.warn(alarms)
        self._keep_if_best(score(measured, self.config, step))
        best = ", the best so far" if self.state.best_step == step else ""
        line = summary_line(measured, self.method.headline_metrics)
        report.say(f"step {step:,}/{self.steps:,}: {line}{best}")

    def _validation_is_due(self) -> bool:
        """Whether an interval has begun since the last validation."""
        return self.validation is not None and self._interval() != self.state.interval

    def _interval(self) -> int:
        """Number of the interval between validations: of so many steps, or a tenth of the run's minutes."""
        if self.config.validate_every is None and self.config.minutes is not None:
            return int(10 * self._progress(self.state.seconds))
        return self.state.step // self.validate_every

    def _keep_if_best(self, standing: float) -> None:
        """Saves the weights if they are the best so far; ends the run where patience runs out."""
        state, patience = self.state, self.config.patience
        if standing > state.best:
            state.best, state.best_step, state.validations_without_gain = standing, state.step, 0
            if self.accelerator.is_main_process:
                self.run.save_best(self.method.state_dict())
            return
        state.validations_without_gain += 1
        if patience and state.validations_without_gain >= patience and not self.ended:
            self.ended = "patience"

    def _checkpoint(self, report: Reporter) -> None:
        """Saves the whole state where that is due, and at the end."""
        step, every = self.state.step, self.config.checkpoint_every
        overdue = self.now - self.saved >= 60 * self.config.checkpoint_minutes
        due = overdue or (every is not None and step % every == 0)
        if any_process(self.accelerator, due) or self.ended:
            self._save(report)

    def _save(self, report: Reporter) -> None:
        report.check(self.state.step, self._mean)
        self.state.ended = "" if self.ended == "interrupted" else self.ended
        self.state.save(self.run, self.method, self.optimizers, self.accelerator)
        self.saved = self.now

    def _conclude(self, report: Reporter) -> str:
        """Says how the run ended; returns a warning if it was too short to be used."""
        if END[self.ended]:
            report.say(END[self.ended])
        if self.ended == "interrupted" or self.config.start is not None:
            return ""
        warning = undertrained(self.state.step, self.method.usability)
        if warning:
            report.say(f"warning: {warning}")
        return warning

    def _load_best(self) -> None:
        best = self.run.load_best() if self.validation is not None else None
        if best is not None and self.ended != "interrupted":
            self.method.load_state_dict(best)

    def _seconds(self) -> float:
        """Seconds that the run has taken. Where it ends by time, all processes agree on their mean: learning
        rate and phases depend on it."""
        seconds = time.monotonic() - self.began
        return seconds if self.config.minutes is None else mean_of_processes(self.accelerator, seconds)

    def _progress(self, seconds: float) -> float:
        """How much of the run is done, 0 to 1: of its steps or of its minutes, whichever is more."""
        of_time = seconds / (60 * self.config.minutes) if self.config.minutes else 0.0
        return min(1.0, max(self.state.step / self.steps, of_time))

    def _reporter(self) -> Reporter:
        log, active = self.accelerator.log, self.accelerator.is_main_process
        return Reporter(self.run, self.steps, self.state.step, log, active)

    def _mean(self, value: Tensor) -> Tensor:
        """Mean over processes."""
        reduced: Tensor = self.accelerator.reduce(value, "mean")
        return reduced

    @property
    def validate_every(self) -> int:
        """Steps between validations."""
        return self.config.validate_every or max(1, self.steps // 10)


def prefetched(batches: SentenceBatches, numbers: range, shard: int, shards: int) -> Iterator[SentenceBatch]:
    """Batches by number; the next one is read from disk while this one is trained on."""

    def read(number: int) -> SentenceBatch:
        epoch, index = divmod(number, len(batches))
        return batches.batch(epoch, index, shard, shards)

    with ThreadPoolExecutor(1) as reader:
        waiting = [reader.submit(read, number) for number in numbers[:2]]
        for number in numbers[2:]:
            yield waiting.pop(0).result()
            waiting.append(reader.submit(read, number))
        while waiting:
            yield waiting.pop(0).result()
