"""A model's folder, checked before any of it is loaded. Nothing heavy is imported here."""

from __future__ import annotations

import json
from pathlib import Path

from sentrep.utils.errors import InputError, at
from sentrep.utils.formats import FIRST_FORMAT, MODEL, check_run, training_command

TRUSTED = ("sentence_transformers.", "sentrep.encoders.")
FORMAT = "sentrep.json"
"""File beside modules.json with the version of the format, and that of the package that wrote the model."""
PICKLED = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def checked_folder(path: Path) -> tuple[Path, list[tuple[str, str]]]:
    """The folder of a model, which may be inside of a run's, and the (class, folder) of each of its modules.

    The list is empty for a plain folder of transformers.

    Raises:
        InputError: it is no model or one of another format, needs code outside of trusted packages, or has
            pickled weights.
    """
    if not path.is_dir():
        raise InputError(f"{at(path)} is a file; a model is a folder with modules.json or config.json in it")
    check_run(path)
    path = _model_inside(path)
    parts = _modules(path)
    for inside in {inside for _, inside in parts} or {""}:
        weights = [file for file in (path / inside).glob("*") if file.suffix in PICKLED]
        if weights and not list((path / inside).glob("*.safetensors")):
            raise InputError(
                f"{at(weights[0])}: pickled weights are not opened; convert the model to safetensors first"
            )
    return path, parts


def _modules(path: Path) -> list[tuple[str, str]]:
    """Returns (class, folder) of each module in modules.json; an empty list for a plain transformers
    folder."""
    file = path / "modules.json"
    if not file.is_file():
        return []
    try:
        parts = [(part["type"], part["path"]) for part in json.loads(file.read_text(encoding="utf-8"))]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{at(file)}: not a list of modules ({error}); save the model again") from error
    if not parts or not all(isinstance(value, str) for part in parts for value in part):
        raise InputError(f"{at(file)}: not a list of modules; save the model again")
    _check_format(path, [kind for kind, _ in parts])
    for kind, inside in parts:
        if not kind.startswith(TRUSTED):
            raise InputError(f"{at(file)}: module {kind!r} is foreign code, which is never run")
        if not (path / inside).resolve().is_relative_to(path.resolve()):
            raise InputError(
                f"{at(file)}: {inside} lies outside of the model's folder, where nothing is read"
            )
    return parts


def _check_format(path: Path, kinds: list[str]) -> None:
    """Refuse a model of ours of another format. A model of sentence-transformers has none, and is accepted.

    A model of the first format has no file of its own; it is known by module classes of this package.
    """
    file = path / FORMAT
    if file.is_file():
        MODEL.check(file, _format_version(file), training_command(path.parent))
    elif any(kind.startswith("sentrep.") for kind in kinds):
        MODEL.check(path / "modules.json", FIRST_FORMAT, training_command(path.parent))


def _format_version(file: Path) -> object:
    try:
        return json.loads(file.read_text(encoding="utf-8"))["format_version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{at(file)} is damaged ({error!r}); save or fetch the model again") from error


def _model_inside(path: Path) -> Path:
    """Returns the model folder of a run folder; other folders are returned unchanged."""
    inside_first = (path / "run.json").is_file()
    for candidate in (path / "model", path) if inside_first else (path, path / "model"):
        if (candidate / "modules.json").is_file() or (candidate / "config.json").is_file():
            return candidate
    raise InputError(
        f"{at(path)} holds no model: neither modules.json nor config.json, nor a folder model/ with one"
    )
