"""The models that `build` compares, from the cheapest to the dearest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sentrep.api.distillation import distill
from sentrep.api.training import baseline
from sentrep.data.analysis import Analysis
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import bm25
from sentrep.evaluation.task import Model
from sentrep.inference.eval_adapter import measured
from sentrep.inference.loading import opened
from sentrep.inference.names import Located

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder

Fit = Callable[[Path, Path], "Encoder"]
"""Fits an encoder to a corpus (first) and saves it to a folder (second)."""

BM25 = "BM25"


@dataclass(frozen=True)
class Dense:
    """A way to get vectors."""

    name: str
    cost: int
    """Rank of its price at search time: lower is cheaper."""
    fit: Fit


@dataclass(frozen=True)
class Contender:
    """A model in the comparison."""

    cost: int
    model: Model
    dense: Dense | None
    """Where its vectors come from; None for BM25 alone."""
    mode: str
    """How an index with it is searched: 'lexical', 'dense' or 'hybrid'."""


def dense_models(teacher: Located | None = None, offline: bool = False) -> list[Dense]:
    """The ways to get vectors: a table fitted to the collection; with a teacher its distilled bag, and
    itself."""
    found = [Dense("collection table", 1, _table)]
    if teacher is not None:
        path, name = str(teacher.path), teacher.name or Path(teacher.path).name
        found.append(Dense(f"{name}, distilled", 1, partial(_distilled, path, offline)))
        found.append(Dense(name, 3, partial(_copied, path, offline)))
    return found


def contenders(dense: list[Dense], corpus: Path, folder: Path, language: str) -> Iterator[Contender]:
    """Fit every model to the text to train on.

    Args:
        dense: ways to get vectors.
        corpus: the text.
        folder: where the models are kept while they are compared.
        language: whose stemmer BM25 uses; empty for words as they stand.
    """
    words = replace(bm25(Analysis(language), label=BM25), name=BM25)
    yield Contender(0, words, None, "lexical")
    for number, each in enumerate(dense):
        encoder = each.fit(corpus, folder / f"model-{number}")
        vectors = measured(encoder, each.name)
        yield Contender(each.cost, vectors, each, "dense")
        yield Contender(each.cost + 1, hybrid(vectors, words), each, "hybrid")


def _table(corpus: Path, out: Path) -> Encoder:
    return baseline("collection", str(corpus), out, overwrite=True)


def _distilled(teacher: str, offline: bool, corpus: Path, out: Path) -> Encoder:
    return distill(teacher, str(corpus), out, overwrite=True, offline=offline)


def _copied(teacher: str, offline: bool, _: Path, out: Path) -> Encoder:
    """The teacher, with a copy of it in `out`, so that an index does not depend on where it came from."""
    from sentrep.encoders import serialization

    encoder = opened(teacher, offline)
    shutil.rmtree(out, ignore_errors=True)
    serialization.save(encoder, out)
    return opened(out)
