"""A model, however it is named, as embedding and search want to have it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.folder import Encoder
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
