"""run.json: the description of a training run, and JSON files in general."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from sentrep.utils.arguments import existing
from sentrep.utils.cpu import cores
from sentrep.utils.errors import InputError, at
from sentrep.utils.files import whole
from sentrep.utils.formats import check_run

PACKAGES = ("sentrep", "torch", "transformers", "sentence-transformers", "tokenizers", "accelerate", "numpy")


def versions() -> dict[str, str]:
    """Returns the versions of the packages that the numbers of a run depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def machine() -> dict[str, Any]:
    """Returns a description of the machine, without names or addresses."""
    return {
        "system": platform.system(),
        "processor": platform.machine(),
        "cores": cores(),
    }


def read_run(run: Path) -> dict[str, Any]:
    """Returns the settings of a run from run.json.

    Raises:
        InputError: `run` is no run or one of another format, or run.json is damaged.
    """
    file = existing(run, "run folder", "run") / "run.json"
    if not file.is_file():
        raise InputError(
            f"{at(run)} is not a run (it has no run.json); give the folder that `sentrep train` made"
        )
    record = read_json(file).get("run")
    if not isinstance(record, dict) or not isinstance(record.get("method"), str):
        record = {}
    if not all(isinstance(record.get(part), dict) for part in ("settings", "tokenizer", "training")):
        raise InputError(f"{at(file)} is not of a run of sentrep; give the folder that `sentrep train` made")
    check_run(run)
    return record


def read_json(file: Path) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        InputError: the file is missing or damaged.
    """
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{at(file)} is damaged ({error}); remove the folder {file.parent} to start again"
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{at(file)} holds no JSON object; remove the folder {file.parent} to start again")
    return content


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Writes indented JSON to a temporary file and renames it."""
    with whole(file) as out:
        out.write((json.dumps(content, indent=2, default=str, ensure_ascii=False) + "\n").encode())
