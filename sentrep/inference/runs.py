"""Training runs opened again: what run.json records, and the trained method with its tokenizer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.inference.loading import load
from sentrep.methods.entry import Entry
from sentrep.methods.registry import entry, methods_with
from sentrep.utils.errors import InputError, at
from sentrep.utils.settings import arguments_checked, checked, route

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from sentrep.data.batch import SentenceBatch
    from sentrep.data.tokenization.tokenizer import Tokenizer
    from sentrep.encoders.serialization import Encoder
    from sentrep.methods.base import Method


@dataclass(frozen=True)
class RunRecord:
    """What run.json says of how a run was trained, checked."""

    path: Path
    method: str
    settings: Any
    """The method's configuration."""
    max_tokens: int
    segment_length: int
    """Consecutive sentences that the method saw at once in training."""
    token_budget: int
    seed: int
    name: str
    """The method, with a digest of all settings but the seed: see `method_name`."""

    @classmethod
    def read(cls, run: str | Path) -> RunRecord:
        """Read and check run.json of the folder `run`.

        Raises:
            InputError: there is none, it is damaged, or it was written by another version.
        """
        from sentrep.training.run_file import read_run

        path = Path(run)
        content = read_run(path)
        try:
            return cls._checked(path, content)
        except InputError as error:
            raise InputError(f"{at(path / 'run.json')}: {error}", setting=error.setting) from error

    @classmethod
    def of(cls, path: str | Path) -> RunRecord | None:
        """The record of the run that a path, or the folder around it, holds; None for any other model."""
        for folder in (Path(path), Path(path).parent):
            if (folder / "run.json").is_file():
                try:
                    return cls.read(folder)
                except InputError:
                    if folder == Path(path):
                        raise
        return None

    @classmethod
    def _checked(cls, path: Path, content: dict[str, Any]) -> RunRecord:
        tokenizer, training, settings = (
            _table(content, name) for name in ("tokenizer", "training", "settings")
        )
        method = checked("method", content["method"], str)
        config = entry(method).config
        return cls(
            path,
            method,
            _settings(method, settings, config),
            _positive("max_tokens", tokenizer),
            _positive("segment_length", training),
            _positive("token_budget", training),
            checked("seed", training.get("seed"), int),
            method_name(content),
        )

    @property
    def entry(self) -> Entry:
        """The method's line in the registry."""
        return entry(self.method)

    @property
    def capabilities(self) -> frozenset[type]:
        """Protocols of `sentrep.methods.capabilities` that the method has."""
        return frozenset(self.entry.capabilities)

    def require(self, capability: type, action: str) -> None:
        """Raise unless the method has a capability.

        Args:
            capability: a protocol of `sentrep.methods.capabilities`.
            action: what it is needed for: 'parse', 'summarize'.
        """
        if capability not in self.capabilities:
            able = " or ".join(methods_with(capability))
            raise InputError(
                f"{at(self.path)} is a run of {self.method}, which cannot {action}; give a run of {able}"
            )


@dataclass(frozen=True)
class TrainedMethod:
    """A trained method with its tokenizer. It reads sentences as it did in training."""

    method: Method
    tokenizer: Tokenizer
    record: RunRecord

    @classmethod
    def open(cls, run: str | Path | RunRecord) -> TrainedMethod:
        """Open a finished run, from ``model/`` (the encoder) and ``method/`` (what else was trained).

        Raises:
            InputError: `run` is no finished run, or its files do not hold all of the method.
        """
        import torch

        from sentrep.data.tokenization.tokenizer import Tokenizer
        from sentrep.training.method_state import load_method_state

        record = run if isinstance(run, RunRecord) else RunRecord.read(run)
        model = record.path / "model"
        if not model.is_dir():
            raise InputError(
                f"{at(model)} is missing: the run has not ended; repeat its training command to continue it"
            )
        encoders: list[Encoder] = []

        def make_encoder() -> Encoder:
            encoders.append(load(model))
            return encoders[-1]

        with torch.random.fork_rng(devices=[]):  # random weights are drawn and then overwritten
            method = record.entry.load()(record.settings, make_encoder, record.token_budget)
        if not any(encoder is method.encoder() for encoder in encoders):
            raise InputError(
                f"{at(model)} holds several encoders side by side, from which {record.method} cannot be put "
                "together again"
            )
        load_method_state(method, record.path)
        return cls(method.eval(), Tokenizer.open(model), record)

    @property
    def encoder(self) -> Encoder:
        """The run's encoder: the very object that the method uses."""
        return self.method.encoder()

    def vectors(self, sentences: Sequence[str]) -> Float[Tensor, "sentence width"]:
        """Vectors of sentences by the method's own `embed`."""
        import torch

        with torch.no_grad():
            return self.method.embed(self.batch(sentences))

    def batch(self, sentences: Sequence[str]) -> SentenceBatch:
        """Sentences as the method reads them, each a document of its own."""
        import torch

        from sentrep.data.batch import SentenceBatch

        ids, lengths, _ = self.tokenizer.encode_batch(sentences, self.record.max_tokens)
        offsets, each = torch.tensor([0, *lengths.cumsum()]), torch.arange(len(sentences))
        return SentenceBatch(torch.from_numpy(ids.astype("int64")), offsets, each, each)


def open_run(run: str | Path | RunRecord, capability: type, action: str) -> TrainedMethod:
    """Open a run whose method has a capability; see `RunRecord.require`."""
    record = run if isinstance(run, RunRecord) else RunRecord.read(run)
    record.require(capability, action)
    return TrainedMethod.open(record)


@arguments_checked
def open_method(run: str | Path) -> tuple[Method, Tokenizer]:
    """Open the trained method of a finished run, with its tokenizer.

    Args:
        run: folder of the run.

    Returns:
        The method in evaluation mode, and the tokenizer.

    Raises:
        InputError: `run` is no finished run, or its files do not hold all of the method.

    Example:
        >>> from sentrep.api import open_method
        >>> method, tokenizer = open_method("runs/first")
        >>> type(method).__name__, method.training
        ('QuickThought', False)
    """
    opened = TrainedMethod.open(run)
    return opened.method, opened.tokenizer


def method_name(content: dict[str, Any]) -> str:
    """The method of a run with a digest of all settings but the seed: runs of one name differ by their
    seed."""
    training = {name: value for name, value in content["training"].items() if name != "seed"}
    digest = hashlib.sha256(
        json.dumps({**content, "training": training}, sort_keys=True).encode()
    ).hexdigest()
    return f"{content['method']} (settings {digest[:6]})"


def _settings(method: str, settings: dict[str, Any], config: type) -> Any:
    unknown = sorted(settings.keys() - config.__dataclass_fields__.keys())  # type: ignore[attr-defined]
    if unknown:
        raise InputError(
            f"settings of {method} from another version of sentrep ({', '.join(unknown)}); "
            "train the run again"
        )
    return route(settings, {"settings": config})["settings"]


def _table(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise InputError(f"{name} is not a JSON object; train again, or restore the file")
    return value


def _positive(name: str, table: dict[str, Any]) -> int:
    number: int = checked(name, table.get(name), int)
    if number < 1:
        raise InputError(f"{name} {number} must be 1 or more", setting=name)
    return number
