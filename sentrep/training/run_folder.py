"""A run on disk.

    run.json        everything that made the run: method, configuration, seed, versions, corpus, machine
    checkpoints/    step-00000120/ (state.safetensors, state.json), written aside, then renamed; best.safetensors
    logs/           metrics.jsonl, one line a logged step, and TensorBoard's files
    model/          the encoder alone
    method/         the rest of the method's weights, where it has any

No pickle: safetensors and JSON only.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sentrep.utils.errors import InputError, opt
from sentrep.utils.files import whole

PACKAGES = ("sentrep", "torch", "transformers", "sentence-transformers", "tokenizers", "accelerate", "numpy")
KEPT = 2
"""Checkpoints kept: the newest, and the one before it should the newest be damaged."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def open(self, description: Mapping[str, Any], overwrite: bool = False) -> None:
        """Begin the run, or go on with it if the folder holds the same one.

        Raises:
            InputError: the folder holds another run, or something that is no run.
        """
        file = self.path / "run.json"
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; a run is a folder: give another {opt('out')}")
        left = [
            path.name for path in self.path.glob("*") if not path.name.startswith(".run.json.")
        ]  # cut short by a kill
        if left and not file.exists():
            raise InputError(
                f"{self.path} is not empty and holds no run.json, so it is no run and stays; give another {opt('out')}"
            )
        if overwrite and file.exists():
            self._clear()
        if file.exists():
            known = read_json(file)
            differing = differences(known.get("run", {}), json.loads(json.dumps(description, default=str)))
            if differing:
                raise InputError(
                    f"{self.path} holds a run with other settings ({'; '.join(differing[:4])}). "
                    f"Give another {opt('out')}, the same settings to go on, or {opt('overwrite')} to begin anew."
                )
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            write_json(
                file,
                {
                    "run": dict(description),
                    "versions": versions(),
                    "machine": machine(),
                    "command": sys.argv[1:],
                },
            )
        self.logs.mkdir(exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)

    def _clear(self) -> None:
        """Remove a run, and nothing but a run: whatever else lies in its folder stays. run.json goes last."""
        if "run" not in read_json(self.path / "run.json"):
            raise InputError(
                f"{self.path / 'run.json'} is not of a run of sentrep, so nothing is removed; give another {opt('out')}"
            )
        for part in (self.model, self.path / "method", self.checkpoints, self.logs):
            shutil.rmtree(part, ignore_errors=True)
        (self.path / "run.json").unlink()

    def save_checkpoint(self, step: int, tensors: dict[str, Tensor], state: Mapping[str, Any]) -> None:
        """Write the whole state aside, then rename: a checkpoint is complete or it is not there."""
        place = self.checkpoints / f"step-{step:08d}"
        aside = self.checkpoints / f".step-{step:08d}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
        save_file(_separate(tensors), aside / "state.safetensors")
        write_json(aside / "state.json", state)
        shutil.rmtree(place, ignore_errors=True)
        aside.rename(place)
        for old in self._steps()[:-KEPT]:
            shutil.rmtree(old)

    def sweep(self) -> None:
        """Remove what killed writes left."""
        for leftover in self.checkpoints.glob(".*"):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()

    def load_checkpoint(self, warn: Callable[[str], None]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """The newest checkpoint that is whole, or None if there never was one; each damaged one is named to
        `warn`.

        Raises:
            InputError: all are damaged.
        """
        steps = self._steps()
        for place in reversed(steps):
            try:
                return load_file(place / "state.safetensors"), read_json(place / "state.json")
            except (SafetensorError, OSError, InputError) as error:
                warn(f"warning: {place} is damaged ({error}); looking for the checkpoint before it")
        if steps:
            raise InputError(
                f"{self.checkpoints}: no checkpoint is whole; remove this folder, or give {opt('overwrite')}, to begin anew"
            )
        return None

    def save_best(self, tensors: dict[str, Tensor]) -> None:
        """Keep these weights of the method as the best so far."""
        aside = self.checkpoints / f".best.{os.getpid()}"
        save_file(_separate(tensors), aside)
        aside.replace(self.checkpoints / "best.safetensors")

    def load_best(self) -> dict[str, Tensor] | None:
        """The best weights so far, or None if no validation found any."""
        file = self.checkpoints / "best.safetensors"
        try:
            return load_file(file) if file.exists() else None
        except SafetensorError as error:
            raise InputError(
                f"{file} is damaged ({error}); remove it, and the last weights are exported instead"
            ) from error

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Append one line to logs/metrics.jsonl."""
        with (self.logs / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def history(self) -> list[dict[str, float]]:
        """All logged lines; one that a kill cut short is left out."""
        file = self.logs / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def forget_after(self, step: int) -> None:
        """Drop what was logged past the checkpoint that the run goes on from."""
        kept = [line for line in self.history() if line["step"] <= step]
        aside = self.logs / f".metrics.{os.getpid()}"
        aside.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        aside.replace(self.logs / "metrics.jsonl")

    def _steps(self) -> list[Path]:
        return sorted(self.checkpoints.glob("step-*"))


def _separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copies on the CPU: the format holds no two names for one memory, as tied weights have."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}


def differences(known: Any, asked: Any, name: str = "") -> list[str]:
    """Where two JSON values differ, as readable lines.

    >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})
    ['a.b is 1 there, 3 here']
    """
    if isinstance(known, dict) and isinstance(asked, dict):
        keys = [*known, *(key for key in asked if key not in known)]
        return [
            line
            for key in keys
            for line in differences(known.get(key), asked.get(key), f"{name}.{key}".lstrip("."))
        ]
    return [] if known == asked else [f"{name} is {known} there, {asked} here"]


def versions() -> dict[str, str]:
    """Versions of what the numbers of a run depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """What the run ran on, without names or addresses."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
    }


def told(run: Path) -> dict[str, Any]:
    """What run.json says of how the run was made."""
    file = run / "run.json"
    if not file.is_file():
        raise InputError(
            f"{run} holds no run.json, so it is no run; give the folder that `sentrep train {opt('out')}` made"
        )
    record = read_json(file).get("run")
    if not isinstance(record, dict) or not {"method", "settings", "tokenizer", "training"} <= record.keys():
        raise InputError(
            f"{file} is not of a run of sentrep; give the folder that `sentrep train {opt('out')}` made"
        )
    return record


def read_json(file: Path) -> dict[str, Any]:
    """Read a JSON object, or say which file is damaged."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is damaged ({error}); remove it to begin anew") from error
    if not isinstance(content, dict):
        raise InputError(f"{file} holds no JSON object; remove it to begin anew")
    return content


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write readable JSON, aside first."""
    with whole(file) as out:
        out.write((json.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n").encode())
