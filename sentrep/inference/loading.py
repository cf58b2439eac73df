"""Encoders opened by path or name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sentrep.data.truncation import Truncation
from sentrep.inference.names import locate
from sentrep.utils.errors import InputError, opt
from sentrep.utils.hub import reachable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.serialization import Encoder
    from sentrep.search import ModelStamp


def load(path_or_name: str | Path, device: str = "cpu", offline: bool = False, hub: bool = False) -> Encoder:
    """Open an encoder. Code in a model folder is never run.

    Args:
        path_or_name: a run folder, a model folder, 'minilm', owner/name of a public model, or NAME=PATH.
        device: where it is loaded to.
        offline: never use the network; public models come from the local cache then.
        hub: look for names without an owner on the hub, too.

    Returns:
        A `SentenceTransformer`.

    Raises:
        InputError: there is no such model, or it cannot be opened.
    """
    path = locate(path_or_name, hub=hub).path

    from sentrep.encoders import serialization as folder

    return folder.load(path, device, offline or not (Path(path).exists() or reachable()))


def opened(model: object, offline: bool = False, hub: bool = False) -> Encoder:
    """The encoder itself, or the one of a path, a name or a finished run (`Trained`).

    Raises:
        InputError: it is none of these, or cannot be opened.
    """
    if hasattr(model, "outcome"):  # a finished run
        model = getattr(model, "model", model)
    if isinstance(model, str | Path):
        return load(model, offline=offline, hub=hub)
    if not callable(getattr(model, "encode", None)) or not callable(getattr(model, "state_dict", None)):
        raise InputError(f"{opt('model')} is a path, a name or an encoder, not {type(model).__name__}")
    return cast("Encoder", model)


class Encoding:
    """Texts to vectors, (text, width), by one encoder.

    Attributes:
        truncation: what the encoder did not read of all the texts so far.
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.truncation = Truncation()

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, float32, in the order given."""
        from sentrep.encoders.batching import encode

        return encode(self._encoder, texts, truncation=self.truncation)


def encoding(encoder: Encoder) -> Encoding:
    """What turns texts into vectors, and counts what it does not read of them."""
    return Encoding(encoder)


def stamp(model: str | Path | Encoder, encoder: Encoder) -> ModelStamp:
    """What an index or a folder of vectors remembers of the model that made it."""
    from sentrep.encoders.serialization import content_hash
    from sentrep.search import ModelStamp

    named = str(model) if isinstance(model, str | Path) else ""
    path = str(Path(named).absolute()) if named and Path(named).exists() else ""
    return ModelStamp(named or "an encoder in memory", content_hash(encoder), path)


def opened_for(
    own: ModelStamp, index: Path, model: object = None, offline: bool = False, hub: bool = False
) -> Encoder:
    """The model that an index was made with.

    Args:
        own: what the index remembers of it.
        index: folder of the index, for messages.
        model: where it is now, if it has moved.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.

    Raises:
        InputError: it has moved, or it is another model.
    """
    from sentrep.encoders.serialization import content_hash

    if model is None and own.path and not Path(own.path).exists():
        raise InputError(f"the model of {index} is no longer at {own.path}; say where it is ({opt('model')})")
    if model is None and not own.path and " " in own.name:
        raise InputError(f"{index} was made with {own.name}; say where that model is now ({opt('model')})")
    if isinstance(model, str | Path):
        model = locate(model, hub=hub).path
    encoder = opened((own.path or own.name) if model is None else model, offline, hub or model is None)
    found = content_hash(encoder)
    if found != own.content_hash:
        raise InputError(
            f"{index} was made with {own.name} (content {own.content_hash}), not with content {found}; "
            "give that "
            f"model ({opt('model')}), or make the index again with this one"
        )
    return encoder
