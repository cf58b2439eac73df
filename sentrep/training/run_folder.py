"""The folder of a training run.

    run.json        version of the format, method, all settings, versions of packages, machine
    checkpoints/    step-00000120/ (state.safetensors, state.json), written aside, then renamed;
                    best.safetensors, the weights with the best validation
    logs/           metrics.jsonl, one line for each logged step, and the files of TensorBoard
    model/          the encoder alone
    method/         the other weights of the method, where it has any
    kept_out/       documents that training did not read, and the token counts of those it read

safetensors and JSON only, no pickle.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from sentrep.encoders.serialization import unlink
from sentrep.training.kept_out import KEPT_OUT
from sentrep.training.resumable import described, differences, without_free
from sentrep.training.run_file import machine, read_json, versions, write_json
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import PARTIAL, aside_of, disk_errors, remove, sha256, use_umask, whole, whole_folder
from sentrep.utils.formats import RUN, check_run

KEPT = 2
"""Number of checkpoints that are kept: the newest, and the previous one in case the newest is damaged."""


LENGTH = {"training.epochs", "training.steps", "training.most_steps"}
"""Settings of the length of a run."""


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
        """Creates the run, or continues it if the folder holds the same one.

        Raises:
            InputError: the folder holds another run, one of another format, or something that is no run.
        """
        file = self.path / "run.json"
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{at(self.path)} is a file; a run is a folder: give another {opt('out')}")
        # Hidden files may be those of a killed process.
        left = [path.name for path in self.path.glob("*") if not path.name.startswith(".")]
        if left and not file.exists():
            raise InputError(
                f"{at(self.path)} is not empty and is not a run (it has no run.json); "
                f"give another {opt('out')}"
            )
        if overwrite and file.exists():
            self._clear()
        if file.exists():
            check_run(self.path)
            self._compare(read_json(file).get("run"), json.loads(json.dumps(description, default=str)))
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            made_with = {"versions": versions(), "machine": machine(), "command": sys.argv[1:]}
            version = {"format_version": RUN.format_version}
            write_json(file, {**version, "run": dict(description), **made_with})
        self.logs.mkdir(exist_ok=True)
        self.checkpoints.mkdir(exist_ok=True)
        self.sweep()

    def _compare(self, known: Any, asked: dict[str, Any]) -> None:
        """Raises an `InputError` if the settings would give other weights."""
        known = known if isinstance(known, dict) else {}
        if known.get("fingerprint") is not None and known.get("fingerprint") == asked.get("fingerprint"):
            known, asked = known | {"corpus": None}, asked | {"corpus": None}  # wherever it is now
        # The name of a preset is no setting: its values are compared.
        known, asked = known | {"preset": None}, asked | {"preset": None}
        found = differences(without_free(known), without_free(asked))
        if not found:
            return
        advice = f"the same settings to continue, or {opt('overwrite')} to start again"
        if found.keys() <= LENGTH:
            advice = f"and {opt('start')} {self.path} to train its model further"
        raise InputError(
            f"{at(self.path)} holds a run with other settings ({'; '.join(described(found)[:4])}). "
            f"Give another {opt('out')}, {advice}."
        )

    def _clear(self) -> None:
        """Removes the files of a run; other files in its folder are kept. run.json is removed last."""
        if "run" not in read_json(self.path / "run.json"):
            raise InputError(
                f"{at(self.path / 'run.json')} is not of a run of sentrep, so nothing is removed; "
                f"give another {opt('out')}"
            )
        for part in (self.model, self.path / "method", self.path / KEPT_OUT, self.checkpoints, self.logs):
            shutil.rmtree(part, ignore_errors=True)
        unlink(self.path)
        (self.path / "run.json").unlink()

    def save_checkpoint(self, step: int, tensors: dict[str, Tensor], state: Mapping[str, Any]) -> None:
        """Writes the whole state to a temporary folder and renames it: a checkpoint is complete or does
        not exist."""
        with disk_errors(self.path), whole_folder(self.checkpoints / f"step-{step:08d}") as aside:
            save_file(_separate(tensors), aside / "state.safetensors")
            record = {"state": dict(state), "weights": sha256(aside / "state.safetensors")}
            write_json(aside / "state.json", {**record, "checksum": _checksum(record)})
        for old in self._steps()[:-KEPT]:
            shutil.rmtree(old)

    def sweep(self) -> None:
        """Removes temporary files of killed processes."""
        for folder in (self.path, self.checkpoints, self.logs):
            for path in folder.glob(f".*{PARTIAL}"):
                remove(path)

    def load_checkpoint(self, warn: Callable[[str], None]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Returns the newest undamaged checkpoint; None if there is no checkpoint. Damaged ones are
        reported to `warn`.

        Raises:
            InputError: all are damaged.
        """
        steps = self._steps()
        for place in reversed(steps):
            try:
                return _load_state(place)
            except (SafetensorError, OSError, InputError) as error:
                warn(f"warning: {place} is damaged ({error}); looking for the checkpoint before it")
        if steps:
            raise InputError(
                f"{at(self.checkpoints)}: no checkpoint is whole; remove this folder, or give "
                f"{opt('overwrite')}, to start again"
            )
        return None

    def save_best(self, tensors: dict[str, Tensor]) -> None:
        """Saves these weights of the method as the best so far."""
        best = self.checkpoints / "best.safetensors"
        aside = aside_of(best)
        try:
            with disk_errors(self.path):
                save_file(_separate(tensors), aside)
                use_umask(aside)
                aside.replace(best)
        finally:
            aside.unlink(missing_ok=True)

    def load_best(self) -> dict[str, Tensor] | None:
        """Returns the best weights so far; None before the first validation.

        Raises:
            InputError: the file is damaged.
        """
        file = self.checkpoints / "best.safetensors"
        try:
            return load_file(file) if file.exists() else None
        except (SafetensorError, OSError) as error:
            raise InputError(
                f"{at(file)} is damaged ({error}); remove it, and the last weights are exported instead"
            ) from error

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Appends one line to logs/metrics.jsonl."""
        with disk_errors(self.path), (self.logs / "metrics.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, **values}) + "\n")

    def history(self) -> list[dict[str, float]]:
        """Returns all logged lines, without incomplete ones."""
        file = self.logs / "metrics.jsonl"
        text = file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
        lines = map(_logged, text.splitlines())
        return [line for line in lines if line is not None]

    def forget_after(self, step: int) -> None:
        """Removes logged lines of steps after the checkpoint from which the run is resumed."""
        kept = [line for line in self.history() if line["step"] <= step]
        with disk_errors(self.path), whole(self.logs / "metrics.jsonl") as file:
            file.write("".join(json.dumps(line) + "\n" for line in kept).encode())

    def _steps(self) -> list[Path]:
        return sorted(self.checkpoints.glob("step-*"))


def _load_state(place: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Loads a checkpoint and compares its checksums."""
    record = read_json(place / "state.json")
    checksum, state = record.pop("checksum", None), record.get("state")
    if checksum != _checksum(record) or not isinstance(state, dict):
        raise InputError(f"{at(place / 'state.json')} is not as it was written")
    if record.get("weights") != sha256(place / "state.safetensors"):
        raise InputError(f"{at(place / 'state.safetensors')} is not as it was written")
    return load_file(place / "state.safetensors"), state


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record, sort_keys=True, default=str).encode()).hexdigest()


def _logged(line: str) -> dict[str, float] | None:
    """Parses a line of the log; None if it is incomplete."""
    try:
        values = json.loads(line)
    except ValueError:
        return None
    return values if isinstance(values, dict) and isinstance(values.get("step"), int) else None


def _separate(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Returns copies on the CPU: safetensors cannot store two names of one memory, which tied weights
    have."""
    return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
