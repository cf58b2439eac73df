"""Saves and loads the weights of a method outside its encoder: method/method.safetensors of a run."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from sentrep.methods.base import Method
from sentrep.utils.errors import InputError, at
from sentrep.utils.files import disk_errors, whole_folder
from sentrep.utils.formats import FIRST_FORMAT, RUN, training_command


def method_state_file(run: Path) -> Path:
    """Returns the path of a run's weights outside its encoder."""
    return run / "method" / "method.safetensors"


def save_method_state(method: Method, run: Path) -> None:
    """Saves the weights; writes nothing if the method has none outside its encoder."""
    if beside := method.beside_encoder():
        weights = {name: value.detach().contiguous() for name, value in sorted(beside.items())}
        file, header = method_state_file(run), {"format_version": str(RUN.format_version)}
        with disk_errors(run), whole_folder(file.parent) as aside:
            save_file(weights, aside / file.name, header)


def load_method_state(method: Method, run: Path, reinitialised: tuple[str, ...] = ()) -> None:
    """Loads the weights into a method of the same settings.

    Args:
        method: the method.
        run: folder of the earlier run.
        reinitialised: prefixes of names; parameters that do not fit may be initialised anew.

    Raises:
        InputError: the file is missing, damaged, of another format, or of another method.
    """
    file = method_state_file(run)
    wanted = {name: value.shape for name, value in method.beside_encoder().items()}
    if not wanted:
        return
    if not file.is_file():
        raise InputError(f"{at(file)} is missing; without it only the encoder of the run can be used")
    try:
        version = _format_version(file)
        found = load_file(file)
    except (SafetensorError, OSError) as error:
        raise InputError(f"{at(file)} is damaged ({error}); copy or train the run again") from error
    RUN.check(file, version, training_command(run))
    shapes = {name: value.shape for name, value in found.items()}
    wrong = sorted(name for name in wanted.keys() | shapes.keys() if wanted.get(name) != shapes.get(name))
    begun = [part for part in reinitialised if any(name.startswith(part) for name in wrong)]
    found = {name: value for name, value in found.items() if not name.startswith(tuple(begun))}
    wrong = [name for name in wrong if not name.startswith(tuple(begun))]
    if wrong:
        raise InputError(
            f"{at(file)} does not fit the method: {', '.join(wrong[:3])} is missing or of another shape; "
            "settings that make its shape must be the same, and so must the version of sentrep"
        )
    method.load_state_dict(found, strict=False)


def _format_version(file: Path) -> int | str:
    """What the header of the file says."""
    with safe_open(file, "pt") as opened:
        header = opened.metadata() or {}
    version = header.get("format_version", str(FIRST_FORMAT))
    return int(version) if version.isdecimal() else version
