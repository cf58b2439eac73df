"""Encoders opened by path or name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from sentrep.data.truncation import Truncation
from sentrep.inference.names import locate
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.hub import reachable
from sentrep.utils.settings import arguments_checked

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.fast.encoder import FastEncoder
    from sentrep.encoders.serialization import Encoder
    from sentrep.search import ModelStamp

    Embedder: TypeAlias = Encoder | FastEncoder
    """What turns texts into vectors."""


@arguments_checked
def load(path_or_name: str | Path, device: str = "cpu", offline: bool = False, hub: bool = False) -> Encoder:
    """Open an encoder. Code in a model folder is never run.

    Args:
        path_or_name: a run folder, a model folder, 'minilm', owner/name of a public model, or NAME=PATH.
        device: where it is loaded to.
        offline: never use the network; public models come from the local cache then.
        hub: also look on the hub for names without an owner.

    Returns:
        A `SentenceTransformer`.

    Raises:
        InputError: there is no such model, or it cannot be opened.

    Example:
        >>> model = sentrep.load("runs/first")
        >>> model.encode(["The ship left."]).shape
        (1, 16)
    """
    path = locate(path_or_name, hub=hub).path

    from sentrep.encoders import serialization as folder

    return folder.load(path, device, offline or not (Path(path).exists() or reachable()))


def model_of(model: object) -> object:
    """The model of a finished run (`Trained`); anything else as it is."""
    return getattr(model, "model", model) if hasattr(model, "outcome") else model


def opened(model: object, offline: bool = False, hub: bool = False) -> Encoder:
    """The encoder itself, or the one of a path, a name or a finished run (`Trained`).

    Raises:
        InputError: it is none of these, or cannot be opened.
    """
    model = model_of(model)
    if isinstance(model, str | Path):
        return load(model, offline=offline, hub=hub)
    if isinstance(model, type):
        raise InputError(f"{opt('model')} is a path, a name or an encoder, not the class {model.__name__}")
    if not callable(getattr(model, "encode", None)) or not callable(getattr(model, "state_dict", None)):
        raise InputError(f"{opt('model')} is a path, a name or an encoder, not {type(model).__name__}")
    return cast("Encoder", model)


def embedder(model: object, precision: str = "auto", offline: bool = False, hub: bool = False) -> Embedder:
    """What turns texts into vectors: the fast form of a model in a folder, else the encoder itself.

    The fast form imports neither sentence_transformers nor transformers.

    Args:
        model: a path, a name, an encoder or a finished run.
        precision: of a fast form; see `sentrep.encoders.fast.precision`.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: it is none of these, or cannot be opened.
    """
    from sentrep.encoders.fast.precision import resolve

    resolve(precision)
    if isinstance(model, str | Path):
        return _of_folder(locate(model, hub=hub).path, precision) or opened(model, offline, hub)

    from sentrep.encoders.fast.encoder import FastEncoder

    return model if isinstance(model, FastEncoder) else opened(model, offline, hub)


def _of_folder(path: str, precision: str) -> FastEncoder | None:
    """The fast form of the model in a folder, if there is a folder, and a fast form."""
    if not Path(path).exists():
        return None

    from sentrep.encoders.fast.description import UnsupportedError
    from sentrep.encoders.fast.folder import open_fast

    try:
        return open_fast(Path(path), precision)
    except UnsupportedError:  # the reason is reported when the model first embeds
        return None


class Encoding:
    """Texts to vectors, (text, width), by one encoder.

    Attributes:
        truncation: what the encoder did not read of all the texts so far.
    """

    def __init__(self, encoder: Embedder, precision: str = "auto") -> None:
        self._encoder, self._asked = encoder, precision
        self.truncation = Truncation()

    @property
    def precision(self) -> str:
        """The precision in which the vectors are computed: 'bf16' or 'fp32'."""
        from sentrep.encoders.fast.encoder import FastEncoder
        from sentrep.encoders.fast.memory import fast_form

        if isinstance(self._encoder, FastEncoder):
            return self._encoder.precision
        fast = fast_form(self._encoder, self._asked)
        return "fp32" if fast is None else fast.precision

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, float32, in the order given."""
        from sentrep.encoders.fast.encoder import FastEncoder

        if isinstance(self._encoder, FastEncoder):
            return self._encoder.encode(texts, truncation=self.truncation)

        from sentrep.encoders.batching import encode

        return encode(self._encoder, texts, truncation=self.truncation, precision=self._asked)


def encoding(encoder: Embedder, precision: str = "auto") -> Encoding:
    """What turns texts into vectors, and counts what it does not read of them.

    Args:
        encoder: an encoder, or a fast form, which has its own precision.
        precision: 'auto' (bf16 where the processor multiplies it), 'bf16' or 'fp32'.
    """
    return Encoding(encoder, precision)


def _content_hash(encoder: Embedder) -> str:
    from sentrep.encoders.fast.encoder import FastEncoder

    if isinstance(encoder, FastEncoder):
        return encoder.content_hash

    from sentrep.encoders.serialization import content_hash

    return content_hash(encoder)


def stamp(model: str | Path | Encoder, encoder: Embedder) -> ModelStamp:
    """The record of a model that is stored with an index or a folder of vectors.

    Args:
        model: what the user gave: a path or a name, which are recorded; or an encoder.
        encoder: the opened model, whose content hash is recorded.
    """
    from sentrep.search import ModelStamp

    named = str(model) if isinstance(model, str | Path) else ""
    path = str(Path(named).absolute()) if named and Path(named).exists() else ""
    return ModelStamp(named or "an encoder in memory", _content_hash(encoder), path)


def opened_for(
    own: ModelStamp,
    index: Path,
    model: object = None,
    precision: str = "auto",
    offline: bool = False,
    hub: bool = False,
) -> Embedder:
    """The model that an index was made with.

    Where it has gone from its place, a folder of its name beside the index is opened: both can move together.

    Args:
        own: its record in the index.
        index: folder of the index.
        model: where it is now, if it has moved.
        precision: of queries; vectors of one model in another precision are the same but for rounding.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: it has moved, or it is another model.
    """
    if model is None and own.path and not Path(own.path).exists():
        model = index.absolute().parent / Path(own.path).name
        if not model.is_dir():
            raise InputError(
                f"the model of {at(index)} is no longer at {own.path}; give its folder ({opt('model')})"
            )
    if model is None and not own.path and " " in own.name:
        raise InputError(f"{at(index)} was made with {own.name}; give its folder ({opt('model')})")
    if isinstance(model, str | Path):
        model = locate(model, hub=hub).path
    place = (own.path or own.name) if model is None else model
    encoder = embedder(place, precision, offline, hub or model is None)
    found = _content_hash(encoder)
    if found != own.content_hash:
        raise InputError(
            f"{at(index)} was made with {own.name} (content {own.content_hash}), not with content {found}; "
            f"give that model ({opt('model')}), or make the index again with this one"
        )
    return encoder
