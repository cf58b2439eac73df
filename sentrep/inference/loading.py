"""Models opened by path or name: encoders, and whole methods from their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.data.truncation import Truncation
from sentrep.methods.registry import entry, methods_with
from sentrep.utils.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float
    from numpy.typing import NDArray
    from torch import Tensor

    from sentrep.data.tokenization.tokenizer import Tokenizer
    from sentrep.encoders.serialization import Encoder
    from sentrep.methods.base import Method
    from sentrep.search import ModelStamp


def load(path_or_name: str | Path, device: str = "cpu", offline: bool = False) -> Encoder:
    """Open an encoder: a run folder, a model folder, or the name of a public model. Code in a model folder is
    never run.

    Returns:
        A `SentenceTransformer`.
    """
    from sentrep.encoders import serialization as folder

    return folder.load(path_or_name, device, offline)


def opened(model: str | Path | Encoder) -> Encoder:
    """The encoder itself, or the one of that name."""
    return load(model) if isinstance(model, str | Path) else model


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


@dataclass(frozen=True)
class Reopened:
    """A method with its tokenizer, which reads sentences as they are read in training."""

    method: Method
    tokenizer: Tokenizer
    max_tokens: int
    reach: int
    """Consecutive sentences that it saw at once in training."""
    settings: dict[str, Any]
    """The method's, as run.json has them."""

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """What the method's `embed` makes of sentences."""
        import torch

        from sentrep.data.batch import SentenceBatch

        ids, lengths, _ = self.tokenizer.encode_batch(sentences, self.max_tokens)
        offsets, each = torch.tensor([0, *lengths.cumsum()]), torch.arange(len(sentences))
        with torch.no_grad():
            return self.method.embed(
                SentenceBatch(torch.from_numpy(ids.astype("int64")), offsets, each, each)
            )


def does(model: Path, capability: type) -> bool:
    """Whether it is the folder of a run whose method has a capability of `sentrep.methods.capabilities`."""
    from sentrep.training.run_folder import read_run

    return (model / "run.json").is_file() and capability in entry(read_run(model)["method"]).capabilities


def reopen(run: str | Path, capability: type, action: str) -> Reopened:
    """The method of a run.

    Args:
        capability: a protocol of `sentrep.methods.capabilities` that the method must have.
        action: what it is needed for, for the error: 'parse', 'summarize'.

    Raises:
        InputError: `run` is no run, or its method does not have the capability.
    """
    from sentrep.training.run_folder import read_run

    record = read_run(Path(run))
    if capability not in entry(record["method"]).capabilities:
        able = " or ".join(methods_with(capability))
        raise InputError(f"{run} is a run of {record['method']}, which cannot {action}; give a run of {able}")
    return Reopened(
        *open_method(run),
        record["tokenizer"]["max_tokens"],
        record["training"]["segment_length"],
        record["settings"],
    )


def open_method(run: str | Path) -> tuple[Method, Tokenizer]:
    """The trained method of a run and its tokenizer, put together from ``model/`` (the encoder) and
    ``method/`` (what else it has learnt), ready to be used and not to be trained.

    Raises:
        InputError: `run` is no finished run, or its files do not hold all of the method.
    """
    import torch

    from sentrep.data.tokenization.tokenizer import Tokenizer
    from sentrep.training.method_state import load_learnt
    from sentrep.training.run_folder import read_run

    run = Path(run)
    record, model = read_run(run), run / "model"
    if not model.is_dir():
        raise InputError(
            f"{model} is not there: the run has not ended; give its training command again to go on"
        )
    encoders: list[Encoder] = []

    def make_encoder() -> Encoder:
        encoders.append(load(model))
        return encoders[-1]

    settings = _settings(run, record)
    with torch.random.fork_rng(devices=[]):  # weights are drawn, only to be overwritten
        method = entry(record["method"]).load()(settings, make_encoder, record["training"]["token_budget"])
    if not any(encoder is method.encoder() for encoder in encoders):
        raise InputError(
            f"{model} holds several encoders side by side, from which {record['method']} cannot be put together again"
        )
    load_learnt(method, run)
    return method.eval(), Tokenizer.open(model)


def _settings(run: Path, record: dict[str, Any]) -> Any:
    config = entry(record["method"]).config
    try:
        return config(**record["settings"])
    except TypeError as error:
        raise InputError(
            f"{run / 'run.json'}: settings of {record['method']} from another version of sentrep ({error})"
        ) from error
