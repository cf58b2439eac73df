"""A model, however it is named, as embedding, search and evaluation want to have it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.folder import Encoder
    from sentrep.evaluation.task import Model
    from sentrep.search import ModelStamp


def load(path_or_name: str | Path, device: str = "cpu", offline: bool = False) -> Encoder:
    """Open an encoder: a run folder, a model folder, or the name of a public model. Code in a model folder is never run.

    Returns:
        A `SentenceTransformer`.
    """
    from sentrep.encoders import folder

    return folder.load(path_or_name, device, offline)


def opened(model: str | Path | Encoder) -> Encoder:
    """The encoder itself, or the one of that name."""
    return load(model) if isinstance(model, str | Path) else model


def encoding(encoder: Encoder) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """What turns texts into vectors, (text, width)."""
    from sentrep.encoders.forward import encode

    return partial(encode, encoder)


def stamp(model: str | Path | Encoder, encoder: Encoder) -> ModelStamp:
    """What an index or a folder of vectors remembers of the model that made it."""
    from sentrep.encoders.folder import content_hash
    from sentrep.search import ModelStamp

    named = str(model) if isinstance(model, str | Path) else ""
    path = str(Path(named).absolute()) if named and Path(named).exists() else ""
    return ModelStamp(named or "an encoder in memory", content_hash(encoder), path)


def measured(model: str | Path | Encoder | Model, name: str | None = None) -> Model:
    """A model as the evaluation sees it: a path, a name, an encoder, a baseline ('bm25', 'lead-8', 'balanced'), or itself."""
    from sentrep.evaluation.baselines import named
    from sentrep.evaluation.task import Model

    if isinstance(model, Model):
        return model
    if isinstance(model, str) and (baseline := named(model)):
        return baseline
    from sentrep.encoders.folder import content_hash  # costs seconds, which a baseline need not pay

    encoder = opened(model)
    method, seed = made_by(Path(model)) if isinstance(model, str | Path) else ("", None)
    shown = name or (str(model) if isinstance(model, str | Path) else "encoder")
    return Model(shown, content_hash(encoder), Encodes(encoder), method, seed)


def made_by(path: Path) -> tuple[str, int | None]:
    """Method and seed of the run that `path`, or the folder around it, holds; ("", None) for any other model.

    The method's name carries a digest of all settings but the seed: runs that share it differ by the seed alone.
    """
    for file in (path / "run.json", path.parent / "run.json"):
        try:
            run = json.loads(file.read_text(encoding="utf-8"))["run"]
            seed = run["training"].pop("seed")
            digest = hashlib.sha256(json.dumps(run, sort_keys=True).encode()).hexdigest()
            return f"{run['method']} (settings {digest[:6]})", int(seed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # no run, or no run of ours: then nothing is known of how the model came about
    return "", None


@dataclass(frozen=True)
class Encodes:
    """An encoder behind the evaluation's one-method interface."""

    encoder: Encoder

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width), float32."""
        return encoding(self.encoder)(texts)
