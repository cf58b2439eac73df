"""A model, however it is named, as a `Model` of the evaluation: its capabilities and its content hash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.truncation import Truncation
from sentrep.inference.loading import encoding, opened
from sentrep.inference.names import locate
from sentrep.inference.runs import RunRecord, method_name
from sentrep.inference.summarizer import Summarizer
from sentrep.inference.tree_parser import TreeParser
from sentrep.methods.capabilities import HasLikelihood, HasSummarizer, HasTrees
from sentrep.utils.errors import InputError
from sentrep.utils.files import sha256

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.task import Model

BASELINES = (
    "bm25", "random", "lead-8", "content-9", "textrank-9", "left-branching", "right-branching",
    "right-between-marks", "balanced", "random-trees", "uniform-trees",
)  # fmt: skip
"""Names of baselines, as hints for a typing error."""


def measured(
    model: str | Path | Encoder | Model,
    name: str | None = None,
    *,
    offline: bool = False,
    hub: bool = False,
) -> Model:
    """A model as the evaluation sees it, with all capabilities of its method: a run that summarizes or parses
    does so beside what its encoder gives.

    Args:
        model: a path, a name, NAME=PATH, an encoder, a baseline ('bm25', 'lead-8', 'balanced'), or a `Model`.
        name: in tables; the path or name otherwise.
        offline: never use the network.
        hub: also look on the hub for names without an owner.

    Raises:
        InputError: there is no such model, or it cannot be opened.
    """
    if isinstance(model, str | Path) and not Path(model).exists():
        from sentrep.evaluation.models.lexical import named

        if baseline := named(str(model)):
            return baseline
    if isinstance(model, str | Path):
        located = locate(model, BASELINES, hub=hub)
        return _of_path(located.path, name or located.name, offline, hub)

    from sentrep.evaluation.task import Model

    return model if isinstance(model, Model) else _of_encoder(opened(model), name or "encoder")


def absent(model: str | Path | Encoder | Model, hub: bool = False) -> InputError | None:
    """The error of a path or name that leads to no model, found before anything heavy is imported."""
    from sentrep.evaluation.models.lexical import named

    if isinstance(model, str | Path) and (Path(model).exists() or not named(str(model))):
        try:
            locate(model, BASELINES, hub=hub)
        except InputError as error:
            return error
    return None


def made_by(path: Path) -> tuple[str, int | None]:
    """Method and seed of the run that a path, or the folder around it, holds; ("", None) for any other model.

    The method's name carries a digest of all settings but the seed: runs that share it differ by the seed
    alone."""
    for file in (path / "run.json", path.parent / "run.json"):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))["run"]
            return method_name(content), int(content["training"]["seed"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # no run of this package: nothing is known of how the model was made
    return "", None


def _of_path(path: str, name: str, offline: bool, hub: bool) -> Model:
    """The model of a path or a hub name; the encoder is loaded once, and run.json read once."""
    from sentrep.encoders.serialization import content_hash
    from sentrep.evaluation.task import Model
    from sentrep.training.method_state import method_state_file

    record = RunRecord.of(path)
    if record is None:
        return _of_encoder(opened(path, offline, hub), name)
    able = _with_capabilities(record) if record.path == Path(path) else None
    if able is None:
        able = Encodes(opened(path, offline, hub))
    hashes, beside = [content_hash(able.encoder)], method_state_file(record.path)
    if type(able) is not Encodes and beside.is_file():
        hashes.append(sha256(beside))
    return Model(name, "+".join(hashes), able, record.name, record.seed)


def _of_encoder(encoder: Encoder, name: str) -> Model:
    from sentrep.encoders.serialization import content_hash
    from sentrep.evaluation.task import Model

    return Model(name, content_hash(encoder), Encodes(encoder))


def _with_capabilities(record: RunRecord) -> Encodes | None:
    """The run as a model that summarizes or parses, if its method does."""
    if HasSummarizer in record.capabilities:
        summarizer = Summarizer.open(record)
        return EncodesAndSummarizes(summarizer.trained.encoder, summarizer)
    if HasTrees in record.capabilities:
        parser = TreeParser.open(record)
        kind = EncodesParsesAndScores if HasLikelihood in record.capabilities else EncodesAndParses
        return kind(parser.trained.encoder, parser)
    return None


@dataclass(frozen=True)
class Encodes:
    """An encoder as the evaluation calls it (`Embeds`)."""

    encoder: Encoder
    truncation: Truncation = field(default_factory=Truncation, kw_only=True, compare=False)
    """What the encoder did not read of the texts so far."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (text, width), float32, computed in fp32: results do not depend on the processor."""
        encode = encoding(self.encoder, "fp32")
        vectors = encode(texts)
        self.truncation.merge(encode.truncation)
        return vectors


@dataclass(frozen=True)
class EncodesAndSummarizes(Encodes):
    """A run whose method summarizes, too (`Summarizes`)."""

    summarizer: Summarizer

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One summary for each text, with the default settings of `sentrep summarize`."""
        return self.summarizer(texts)


@dataclass(frozen=True)
class EncodesAndParses(Encodes):
    """A run whose method parses, too (`Parses`)."""

    parser: TreeParser

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[tuple[int, int]]]:
        """For each sentence, given as its words, the spans of its tree."""
        return self.parser.parse(sentences)


@dataclass(frozen=True)
class EncodesParsesAndScores(EncodesAndParses):
    """A run whose method parses and is a language model (`ScoresLikelihood`)."""

    def nll(self, sentences: Sequence[Sequence[str]]) -> list[tuple[float, int]]:
        """For each sentence, given as its words, an upper bound of its negative log-likelihood in nats, and
        the number of words that it covers, the end of the sentence included."""
        return self.parser.nll(sentences)
