"""Format versions of runs and models, and the command that makes one of an older format again."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sentrep.utils.errors import as_options, opt
from sentrep.utils.manifest import FolderKind

RUN = FolderKind("training run", 2, "sentrep train")
"""Written to ``run.json``, and to the header of ``method/method.safetensors``."""
MODEL = FolderKind("model", 2, "sentrep train")
"""Written to ``sentrep.json`` beside ``modules.json``."""
FIRST_FORMAT = 1
"""The format of runs and models without a version."""
FORMER_NAMES = {"tree": "urnng"}
"""Methods that had another name in the first format."""


def check_run(run: Path) -> None:
    """Refuse a run of another format. A missing or damaged ``run.json`` is left to the reader of the run.

    Raises:
        InputError: with the command that makes the run again.
    """
    content = _run_json(run)
    if isinstance(content.get("run"), Mapping):
        RUN.check(run / "run.json", content.get("format_version", FIRST_FORMAT), training_command(run))


def training_command(run: Path) -> str:
    """The command that trains a run again, with the method and the corpus of its ``run.json`` if it has them.

    >>> training_command(Path("no/run"))
    'sentrep train'
    """
    record = _run_json(run).get("run")
    record = record if isinstance(record, Mapping) else {}
    method, corpus = record.get("method"), _corpus(record)
    if not isinstance(method, str):
        return RUN.remake
    read = [_option("corpus"), *corpus] if corpus else []
    written = [_option("out"), str(run), _option("overwrite")]
    return shlex.join(["sentrep", "train", FORMER_NAMES.get(method, method), *read, *written])


def _corpus(record: Mapping[str, Any]) -> list[str]:
    """Files, folders or the data set that a run was trained on."""
    config = record.get("corpus")
    paths = config.get("corpus") if isinstance(config, Mapping) else None
    return [str(path) for path in paths] if isinstance(paths, list) else []


def _option(setting: str) -> str:
    return as_options(opt(setting))


def _run_json(run: Path) -> dict[str, Any]:
    """The content of ``run.json``; empty where it cannot be read."""
    try:
        content = json.loads((run / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
