"""The one loop. For each batch, for each phase: forward, backward, clip, step.

It is ours because methods have several optimisers, and because resuming is bit-exact: everything that a step
depends on is either arithmetic on its number (which batch, which learning rate) or in the checkpoint
(weights, optimiser state, random state)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW

from sentrep.data.batch import SentenceBatch, SentenceBatches
from sentrep.methods.base import Method
from sentrep.training.checkpoint import State
from sentrep.training.config import TrainingConfig
from sentrep.training.reporting import Reporter
from sentrep.training.run_folder import RunFolder
from sentrep.training.signals import interruptible
from sentrep.training.validation import Validation, line, score
from sentrep.utils.errors import InputError, opt

END = {
    "finished": "",
    "patience": "stopped early: validation has not improved",
    "time": "stopped: the time is up",
    "interrupted": "interrupted; the checkpoint is saved. Give the same command again to go on.",
}


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    steps: int
    ended: str
    """A key of `END`."""
    best_step: int
    best: float
    """What `validation.score` made of that step."""
    seconds: float


def accelerator_for(config: TrainingConfig, phases: int, logs: Path, bf16: bool) -> Accelerator:
    """The device, the precision, the processes and the tracker of a run."""
    if config.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"{opt('device')} cuda: torch finds no GPU here; give {opt('device')} cpu, or install a torch for CUDA"
        )
    # A phase leaves the parameters of the others without gradient, which torch's data parallel must be told.
    unused = DistributedDataParallelKwargs(find_unused_parameters=phases > 1)
    if (
        not torch.distributed.is_initialized()
    ):  # else the precision and device of a process's first run would be those of all
        AcceleratorState._reset_state(reset_partial_state=True)
    try:
        accelerator = Accelerator(
            mixed_precision="bf16" if bf16 else "no",
            cpu=config.device == "cpu",
            kwargs_handlers=[unused],
            log_with=None if config.tracker == "none" else config.tracker,
            project_dir=logs,
        )
    except ValueError as error:
        raise InputError(
            f"{opt('tracker')} {config.tracker} or {opt('precision')} {config.precision}: {error}"
        ) from error
    if config.tracker != "none" and not accelerator.log_with:
        raise InputError(
            f"{opt('tracker')} {config.tracker} is not installed here; install it, or give {opt('tracker')} none"
        )
    return accelerator


def train(
    method: Method,
    batches: SentenceBatches,
    validation: Validation | None,
    config: TrainingConfig,
    lr: float,
    run: RunFolder,
    accelerator: Accelerator,
) -> Outcome:
    """Train `method` in place on `batches`; on return it holds its best weights, or its last ones without
    validation.

    Goes on from the newest checkpoint of `run`, if there is one. Ctrl-C saves one and ends.
    """
    model = accelerator.prepare(method.to(accelerator.device))
    optimizers = {
        phase: accelerator.prepare(_optimizer(method, phase, lr, config)) for phase in method.phases
    }
    steps = (
        max(1, math.ceil(config.epochs * len(batches) / config.accumulate))
        if config.steps is None
        else config.steps
    )
    every, by_time = (
        config.validate_every or max(1, steps // 10),
        config.validate_every is None and config.minutes is not None,
    )
    state = State()
    state.restore(run, method, optimizers, accelerator)
    if config.tracker != "none":
        accelerator.init_trackers("")
    saved = logged = time.monotonic()
    began = saved - state.seconds
    ended = "finished" if state.step >= steps else state.ended
    shard, shards = accelerator.process_index, accelerator.num_processes
    numbers = range(state.step * config.accumulate, steps * config.accumulate)
    supply = _ahead(batches, numbers, shard, shards)

    def mean(value: Tensor) -> Tensor:
        reduced: Tensor = accelerator.reduce(value, "mean")
        return reduced

    with (
        Reporter(run, steps, state.step, accelerator.log, accelerator.is_main_process) as report,
        interruptible() as interrupt,
    ):
        if ended and steps:
            report.say(
                f"this run has ended already, at step {state.step:,}; to train anew, give another {opt('out')} or {opt('overwrite')}"
            )
        while not ended:
            share = _progress(state.step, steps, time.monotonic() - began, config.minutes)
            rate = schedule(share, config)
            group = [next(supply).to(accelerator.device) for _ in range(config.accumulate)]
            model.train()
            values: dict[str, Tensor] = {}
            for phase in method.turn(share):
                optimizer, seen = optimizers[phase], dict[str, Tensor]()
                for param_group in optimizer.param_groups:
                    param_group["lr"] = lr * rate * param_group["share"]
                for place, batch in enumerate(group):
                    last = place == len(group) - 1
                    with nullcontext() if last else accelerator.no_sync(model):
                        step = model(batch, phase)
                        accelerator.backward(step.loss / len(group))
                    name = "loss" if len(method.phases) == 1 else f"{phase}_loss"
                    for key, value in {name: step.loss, **step.metrics}.items():
                        seen[key] = seen.get(key, 0) + value.detach() / len(group)
                values |= seen
                if config.clip:
                    values["gradient_norm"] = _clip(_trained(optimizer), config.clip)
                    values["clipped"] = (values["gradient_norm"] > config.clip).float()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
            state.step += 1
            report.add(values, sum(map(len, group)) * shards)

            now = time.monotonic()
            state.seconds = now - began
            passed = _progress(state.step, steps, state.seconds, config.minutes)
            out_of_time = config.minutes is not None and state.seconds >= 60 * config.minutes
            stopping = _any(accelerator, interrupt.asked or out_of_time)
            if state.step % config.log_every == 0 or state.step == steps or stopping:
                report.flush(state.step, lr * rate, mean, now - logged)
                logged = now
            if state.step == steps or stopping:
                ended = (
                    "finished"
                    if state.step == steps
                    else "interrupted"
                    if _any(accelerator, interrupt.asked)
                    else "time"
                )
            due = (
                _any(accelerator, int(10 * passed) > int(10 * share)) if by_time else state.step % every == 0
            )
            if validation is not None and (due or ended) and ended != "interrupted":
                measured, alarms = validation.measure(
                    method, accelerator.autocast, report.means.get("clipped", 0.0)
                )
                report.hold(state.step, measured)
                report.write(state.step, {f"valid_{name}": value for name, value in measured.items()})
                report.warn(alarms if passed >= 0.25 else [])  # any run looks lost in its first quarter
                standing = score(measured, config, state.step)
                if standing > state.best:
                    state.best, state.best_step = standing, state.step
                    if accelerator.is_main_process:
                        run.save_best(method.state_dict())
                elif (
                    config.patience
                    and (state.step - state.best_step) >= config.patience * every
                    and not ended
                ):
                    ended = "patience"
                report.say(
                    f"step {state.step:,}/{steps:,}: {line(measured)}{', the best so far' * (state.best_step == state.step)}"
                )
            overdue = now - saved >= 60 * config.checkpoint_minutes or (
                config.checkpoint_every and state.step % config.checkpoint_every == 0
            )
            if _any(accelerator, bool(overdue)) or ended:
                report.check(state.step, mean)
                state.ended = "" if ended == "interrupted" else ended
                state.save(run, method, optimizers, accelerator)
                saved = now
        if END[ended]:
            report.say(END[ended])
    best = run.load_best() if validation is not None else None
    if best is not None and ended != "interrupted":
        method.load_state_dict(best)
    return Outcome(state.step, ended, state.best_step, state.best, state.seconds)


def schedule(share: float, config: TrainingConfig) -> float:
    """The learning rate as a fraction of its peak, `share` of the way through the run."""
    if share < config.warmup:
        return (share + 1e-3) / (config.warmup + 1e-3)
    left = (1 - share) / (1 - config.warmup)
    if config.schedule == "constant":
        return 1.0
    return left if config.schedule == "linear" else 0.5 - 0.5 * math.cos(math.pi * left)


def _progress(step: int, steps: int, seconds: float, minutes: float | None) -> float:
    return min(1.0, max(step / steps, seconds / (60 * minutes) if minutes else 0.0))


def _optimizer(method: Method, phase: str, lr: float, config: TrainingConfig) -> AdamW:
    groups = [{"params": group.parameters, "share": group.rate} for group in method.parameter_groups(phase)]
    return AdamW(groups, lr=lr, weight_decay=config.weight_decay, fused=True)


def _clip(parameters: list[Tensor], largest: float) -> Tensor:
    """Shorten the gradients, taken as one vector, to `largest`; returns how long they were.

    On a CPU, where a look at the norm waits for nothing, gradients that are short enough are left alone:
    multiplying a token table's by one costs as much as measuring them. On a GPU the look would stall the
    queue."""
    norm = get_total_norm([parameter.grad for parameter in parameters if parameter.grad is not None])
    if norm.device.type != "cpu" or norm > largest:
        clip_grads_with_norm_(parameters, largest, norm)
    return norm


def _trained(optimizer: Any) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _ahead(batches: SentenceBatches, numbers: range, shard: int, shards: int) -> Iterator[SentenceBatch]:
    """Batches by number, the next one gathered from disk while this one is trained on."""

    def read(number: int) -> SentenceBatch:
        epoch, index = divmod(number, len(batches))
        return batches.batch(epoch, index, shard, shards)

    with ThreadPoolExecutor(1) as reader:
        coming = [reader.submit(read, number) for number in numbers[:2]]
        for number in numbers[2:]:
            yield coming.pop(0).result()
            coming.append(reader.submit(read, number))
        while coming:
            yield coming.pop(0).result()


def _any(accelerator: Accelerator, value: bool) -> bool:
    """Whether any process says so: all must leave the loop at the same step."""
    if accelerator.num_processes == 1:
        return value
    return bool(accelerator.reduce(torch.tensor(float(value), device=accelerator.device), "sum"))
