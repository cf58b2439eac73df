"""The models that `build` compares, from the cheapest to the most expensive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sentrep.api.baselines import baseline
from sentrep.data.analysis import Analysis
from sentrep.evaluation.models.hybrid import hybrid
from sentrep.evaluation.models.lexical import bm25
from sentrep.evaluation.task import Embeds, Model
from sentrep.inference.eval_adapter import measured
from sentrep.pipelines.build import quick_thought
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.remembered import Remembered
from sentrep.pipelines.build.teacher import Teacher
from sentrep.pipelines.build.text import Text
from sentrep.search.fusion import STRONG, USUAL, WEAK, Fusion

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder
    from sentrep.search.documents import Mode

Say = Callable[[str], None]
Fit = Callable[[Text, Path], "Encoder"]
"""Fits an encoder to a text and saves it to a folder."""
Objection = Callable[[Text, Budget], str]
"""Why a model is not fitted to a text within the time that is left; empty where it is."""

BM25 = "BM25"
TABLE = "collection table"


@dataclass(frozen=True)
class Dense:
    """A way to get vectors."""

    name: str
    cost: int
    """Rank of its cost at search time: lower is cheaper."""
    expected: int
    """Rank of how good it is with BM25 on the collections of eval/own_documents.md: higher is better."""
    fit: Fit
    objection: Objection = lambda text, budget: ""
    fusion: Fusion = USUAL
    """How the vectors are fused with BM25."""


class Fitted(NamedTuple):
    """A way to get vectors, fitted to the text to train on."""

    dense: Dense
    folder: Path
    """Where the model is."""


@dataclass(frozen=True)
class Candidate:
    """A model in the comparison."""

    name: str
    cost: int
    expected: int
    """Rank of how good it is expected to be: higher is better."""
    mode: Mode
    """How an index with it is searched: 'lexical', 'dense' or 'hybrid'."""
    vectors: Fitted | None = None
    """Where its vectors come from; None for BM25 alone."""


def dense_models(teacher: Teacher | None = None, asked: int = 0, seed: int = 0) -> list[Dense]:
    """The ways to get vectors: a table fitted to the collection, and quick-thought; with a teacher its
    distilled bag, and itself.

    Args:
        teacher: a public model.
        asked: characters of the texts that it is measured with.
        seed: of training.
    """
    found = [
        Dense(TABLE, 1, 1, _table, fusion=WEAK),
        Dense(
            "quick-thought",
            1,
            3,
            partial(quick_thought.fit, seed=seed),
            quick_thought.objection,
            quick_thought.FUSION,
        ),
    ]
    if teacher is not None:
        slow = partial(_slow, teacher, 0), partial(_slow, teacher, asked)
        found.append(Dense(f"{teacher.name}, distilled", 1, 2, partial(_distilled, teacher), slow[0]))
        found.append(Dense(teacher.name, 2, 4, partial(_copied, teacher), slow[1], STRONG))
    return found


def fitted_candidates(
    dense: list[Dense], text: Text, folder: Path, language: str, budget: Budget, say: Say
) -> Iterator[tuple[Candidate, Model]]:
    """Fit every model to the text to train on; say which are left out, and why.

    Args:
        dense: ways to get vectors.
        text: the text.
        folder: where the models are kept while they are compared.
        language: whose stemmer BM25 uses; empty for words as they stand.
        budget: the time that is left.
        say: gets a line for each model that is left out.
    """
    words = replace(bm25(Analysis(language), label=BM25), name=BM25)
    yield Candidate(words.name, 0, 0, "lexical"), words
    for number, each in enumerate(dense):
        if reason := each.objection(text, budget):
            say(f"left out: {each.name}: {reason}")
            continue
        fitted = Fitted(each, folder / f"model-{number}")
        vectors = _remembered(measured(each.fit(text, fitted.folder), each.name))
        both = hybrid(vectors, words, each.fusion)
        yield Candidate(vectors.name, each.cost, 0, "dense", fitted), vectors
        yield Candidate(both.name, each.cost, each.expected, "hybrid", fitted), both


def _table(text: Text, out: Path) -> Encoder:
    return baseline("collection", str(text.file), out, overwrite=True)


def _distilled(teacher: Teacher, text: Text, out: Path) -> Encoder:
    from sentrep.encoders import serialization
    from sentrep.methods.distill.fitting import fit

    encoder = fit(text.passages, teacher.encode(text.passages), teacher.encode)
    serialization.save(encoder, out)
    return encoder


def _copied(teacher: Teacher, text: Text, out: Path) -> Encoder:
    """The teacher, with a copy of it in `out`, so that an index does not depend on where it came from."""
    from sentrep.encoders import serialization

    shutil.rmtree(out, ignore_errors=True)
    serialization.save(teacher.encoder, out)
    return teacher.encoder


def _slow(teacher: Teacher, asked: int, text: Text, budget: Budget) -> str:
    """Why a teacher takes too long; empty if it does not. It encodes all documents once, and the texts of the
    tasks."""
    return budget.objection(teacher.seconds(text.passages, text.characters + asked))


def _remembered(model: Model) -> Model:
    implementation = model.implementation
    assert isinstance(implementation, Embeds)
    truncation = getattr(implementation, "truncation", None)
    return replace(model, implementation=Remembered(implementation.encode, truncation))
