"""Saves and restores the whole state of a run: weights, optimisers, random state and position."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sentrep.methods.base import Method
from sentrep.training.run_folder import RunFolder

if TYPE_CHECKING:
    from accelerate import Accelerator


class State:
    """State of a run besides weights: its position, and its results so far."""

    def __init__(self) -> None:
        self.step, self.seconds, self.ended = 0, 0.0, ""
        self.best, self.best_step = -math.inf, 0
        self.progress = 0.0
        """Progress of the run before the last step."""
        self.interval: int | None = None
        """Interval between validations in which the last one was due; None before the first step, and in
        checkpoints of earlier versions."""
        self.validations_without_gain = 0

    def save(
        self, run: RunFolder, method: Method, optimizers: Mapping[str, Any], accelerator: Accelerator
    ) -> None:
        # Every process draws its own dropout.
        random = accelerator.gather(_random_state(accelerator.device).unsqueeze(0))
        if not accelerator.is_main_process:
            return
        tensors = {f"method.{name}": value for name, value in method.state_dict().items()}
        for phase, optimizer in optimizers.items():
            for number, entries in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer.{phase}.{number}.{name}": value for name, value in entries.items()}
        run.save_checkpoint(
            self.step, {**tensors, "random": random}, vars(self) | {"best": _finite(self.best)}
        )

    def restore(
        self, run: RunFolder, method: Method, optimizers: Mapping[str, Any], accelerator: Accelerator
    ) -> None:
        main = accelerator.is_main_process
        if main:
            run.sweep()
        accelerator.wait_for_everyone()
        saved = run.load_checkpoint(partial(print, file=sys.stderr) if main else _silence)
        accelerator.wait_for_everyone()
        if saved is not None:
            tensors, state = saved
            vars(self).update(state)
            self.best = -math.inf if self.best is None else self.best
            method.load_state_dict(_below("method.", tensors))
            for phase, optimizer in optimizers.items():
                _load_optimizer(optimizer, _below(f"optimizer.{phase}.", tensors))
            random = tensors["random"]
            _set_random_state(random[accelerator.process_index % len(random)], accelerator.device)
        if main:
            run.forget_after(self.step)


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with a prefix, under the rest of their names."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _load_optimizer(optimizer: Any, tensors: Mapping[str, Tensor]) -> None:
    """Loads the state of an optimiser from tensors named ``NUMBER.KEY``, the number of a parameter first."""
    entries: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        number, key = name.split(".", 1)
        entries.setdefault(int(number), {})[key] = value
    optimizer.load_state_dict({"state": entries, "param_groups": optimizer.state_dict()["param_groups"]})


def _silence(line: str) -> None:
    """Prints nothing: the first process alone prints messages."""


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _random_state(device: torch.device) -> Tensor:
    parts = [torch.get_rng_state()] + ([torch.cuda.get_rng_state(device)] if device.type == "cuda" else [])
    return torch.cat(parts).to(device)


def _set_random_state(state: Tensor, device: torch.device) -> None:
    length = len(torch.get_rng_state())
    torch.set_rng_state(state[:length].cpu())
    if device.type == "cuda" and len(state) > length:
        torch.cuda.set_rng_state(state[length:].cpu(), device)
