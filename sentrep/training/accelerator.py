"""The device, the precision, the processes and the tracker of a run."""

from __future__ import annotations

from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DistributedDataParallelKwargs, LoggerType

from sentrep.training.config import TrainingConfig
from sentrep.utils.errors import InputError, opt


def accelerator_for(config: TrainingConfig, phases: int, logs: Path, bf16: bool) -> Accelerator:
    """Makes the accelerator of a run.

    Args:
        config: device and tracker.
        phases: of the method. A phase leaves the parameters of the others without a gradient, which
            data-parallel training has to know.
        logs: where trackers write.
        bf16: whether to train in bf16.

    Raises:
        InputError: the device or the tracker is not available.
    """
    if config.device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"{opt('device')} cuda: torch finds no GPU here; give {opt('device')} cpu, or install "
            "a torch for CUDA"
        )
    _forget_previous_run()
    try:
        accelerator = Accelerator(
            mixed_precision="bf16" if bf16 else "no",
            cpu=config.device == "cpu",
            kwargs_handlers=[DistributedDataParallelKwargs(find_unused_parameters=phases > 1)],
            log_with=None if config.tracker == "none" else config.tracker,
            project_dir=logs,
        )
    except ValueError as error:
        known = config.tracker in ("none", *LoggerType.list())
        given = f"{opt('precision')} {config.precision}" if known else f"{opt('tracker')} {config.tracker}"
        raise InputError(f"{given}: {error}") from error
    if config.tracker != "none" and not accelerator.log_with:
        raise InputError(
            f"{opt('tracker')} {config.tracker} is not installed here; install it, or give "
            f"{opt('tracker')} none"
        )
    return accelerator


def any_process(accelerator: Accelerator, value: bool) -> bool:
    """Whether the value is true in any process: all of them must leave the loop at the same step."""
    if accelerator.num_processes == 1:
        return value
    return bool(accelerator.reduce(torch.tensor(float(value), device=accelerator.device), "sum"))


def mean_of_processes(accelerator: Accelerator, value: float) -> float:
    """The mean of the values of all processes, the same one in each of them."""
    if accelerator.num_processes == 1:
        return value
    return float(accelerator.reduce(torch.tensor(value, device=accelerator.device), "mean"))


def _forget_previous_run() -> None:
    """Without this, precision and device of the first run of a process would be those of all."""
    if not torch.distributed.is_initialized():
        AcceleratorState._reset_state(reset_partial_state=True)
