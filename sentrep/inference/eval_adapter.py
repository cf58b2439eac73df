"""A model, however it is named, as the evaluation sees it: what it does, and by what it is known again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.data.truncation import Truncation
from sentrep.inference.loading import does, encoding, opened
from sentrep.inference.summarizer import Summarizer
from sentrep.inference.tree_parser import TreeParser
from sentrep.methods.capabilities import HasLikelihood, HasSummarizer, HasTrees

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.task import Model


def measured(model: str | Path | Encoder | Model, name: str | None = None) -> Model:
    """A model as the evaluation sees it: a path, a name, an encoder, a baseline ('bm25', 'lead-8',
    'balanced'), or itself.

    Of a run it is all that its method does: it may summarise or parse, besides what its encoder gives.
    """
    from sentrep.evaluation.models.lexical import named
    from sentrep.evaluation.task import Model

    if isinstance(model, Model):
        return model
    if isinstance(model, str) and (baseline := named(model)):
        return baseline
    from sentrep.encoders.serialization import content_hash  # costs seconds, which a baseline need not pay
    from sentrep.training.method_state import learnt_file

    encoder = opened(model)
    if not isinstance(model, str | Path):
        return Model(name or "encoder", content_hash(encoder), Encodes(encoder))
    run, hashes = Path(model), [content_hash(encoder)]
    able = Encodes(encoder)
    if does(run, HasSummarizer):
        able = Writes(encoder, Summarizer.open(run))
    elif does(run, HasTrees):
        able = (Foretells if does(run, HasLikelihood) else Brackets)(encoder, TreeParser.open(run))
    if type(able) is not Encodes and learnt_file(run).is_file():
        hashes.append(hashlib.sha256(learnt_file(run).read_bytes()).hexdigest())
    return Model(name or str(model), "+".join(hashes), able, *made_by(run))


def made_by(path: Path) -> tuple[str, int | None]:
    """Method and seed of the run that `path`, or the folder around it, holds; ("", None) for any other model.

    The method's name carries a digest of all settings but the seed: runs that share it differ by the seed
    alone."""
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
    truncation: Truncation = field(default_factory=Truncation, kw_only=True, compare=False)
    """What the encoder did not read of the texts so far."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(text, width), float32."""
        encode = encoding(self.encoder)
        vectors = encode(texts)
        self.truncation.merge(encode.truncation)
        return vectors


@dataclass(frozen=True)
class Writes(Encodes):
    """The same of a run that summarises."""

    summarizer: Summarizer

    def summarize(self, texts: Sequence[str]) -> list[str]:
        """One summary a text, as `sentrep summarize` writes them by default."""
        return self.summarizer(texts)


@dataclass(frozen=True)
class Brackets(Encodes):
    """The same of a run that parses."""

    parser: TreeParser

    def parse(self, sentences: Sequence[Sequence[str]]) -> list[list[tuple[int, int]]]:
        """For each sentence, given as its words, the spans of its tree."""
        return self.parser.parse(sentences)


@dataclass(frozen=True)
class Foretells(Brackets):
    """The same of one that is a model of language, too."""

    def nll(self, sentences: Sequence[Sequence[str]]) -> list[tuple[float, int]]:
        """For each sentence, given as its words, -log p in nats, no less than the true one, and of how many
        words."""
        return self.parser.nll(sentences)
