"""The candidate that is trained on the text itself: quick-thought with the preset for search."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep import api
from sentrep.data.config import CorpusConfig
from sentrep.methods.quick_thought.presets import VALUES
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.text import Text, sentences_of
from sentrep.search.fusion import Fusion
from sentrep.utils.errors import ReadWarning

if TYPE_CHECKING:
    from sentrep.data.documents import SourceDocument
    from sentrep.encoders.serialization import Encoder

PRESET = "search"
SETTINGS: Mapping[str, Any] = VALUES[PRESET]
EPOCHS = float(SETTINGS["epochs"])
BATCHES = {10_000: 512, 100_000: 1024}
"""Sentences in a batch for a text of at most so many sentences; the preset's for a larger text. Large batches
of a small text would be few (eval/presets.md)."""
FUSION = Fusion("standard", 0.4)
"""How the vectors are fused with BM25 (eval/presets.md)."""
FEWEST = 500
"""Sentences that training needs: from here on quick-thought with BM25 is as good as the collection's table
with BM25, or better (eval/presets.md)."""
LEAST_STEPS = 40
"""Batches that a run has at least; a small text is read more often than the preset says."""
OPTIONS: dict[str, Any] = {"validation": 0.0, "keep_out": 0.0, "tracker": "none"}
"""Settings besides the preset. Nothing is held out for validation: the questions of `build` measure the
model."""
SENTENCES_A_SECOND = 10_000
"""Sentences that one core reads per second in training, at least."""
OVERHEAD = 10.0
"""Seconds that a run takes beside its steps: vocabulary, export."""


def seconds(text: Text) -> float:
    """How long one run takes, about."""
    batch = batch_size(text)
    read = min(max(EPOCHS * text.sentences, LEAST_STEPS * batch), SETTINGS["most_steps"] * batch)
    return OVERHEAD + float(read) / SENTENCES_A_SECOND


def objection(text: Text, budget: Budget) -> str:
    """Why it is not trained; empty where it is."""
    usable = sum(len(sentences_of(document)) for document in _connected(text))
    if usable < FEWEST:
        return f"{usable:,} sentences have a neighbour in their document; {FEWEST:,} are needed"
    return budget.objection(2 * seconds(text))  # once to measure, once on all documents


def fit(text: Text, out: Path, seed: int = 0) -> Encoder:
    """Train on the text; `out` gets the model alone."""
    run, usable = run_of(out), _connected(text)
    if len(usable) < len(text.documents):
        text = Text.write(usable, text.units, out.with_name(f"{out.name}.jsonl"))
    options = options_for(text) | {"seed": seed} | OPTIONS
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReadWarning)  # the documents were read before, with their warnings
        trained = api.train(
            "quick-thought",
            corpus=CorpusConfig((str(text.file),)),
            out=run,
            preset=PRESET,
            cache=out.with_name("cache"),
            overwrite=True,
            **options,
        )
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(run / "model", out)
    return trained.encoder


def batch_size(text: Text) -> int:
    """Sentences in a batch, by the size of the text."""
    fitting = [batch for most, batch in BATCHES.items() if text.sentences <= most]
    return min(fitting, default=int(SETTINGS["batch_size"]))


def options_for(text: Text) -> dict[str, Any]:
    """Settings that depend on the size of the text; the preset has the others."""
    batch = batch_size(text)
    return {"batch_size": batch, "epochs": max(EPOCHS, LEAST_STEPS * batch / max(text.sentences, 1))}


def _connected(text: Text) -> list[SourceDocument]:
    """The documents of two or more sentences, the title among them: a sentence without a neighbour is not
    trained on."""
    return [document for document in text.documents if len(sentences_of(document)) > 1]


def run_of(out: Path) -> Path:
    """The folder of the run that made a model."""
    return out.with_name(f"{out.name}-run")
