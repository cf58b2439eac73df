"""The candidate that is trained on the text itself: quick-thought, set for search."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.pipelines.build.budget import Budget
from sentrep.pipelines.build.text import Text
from sentrep.training.config import TrainingConfig

if TYPE_CHECKING:
    from sentrep.encoders.serialization import Encoder

ENCODER = EncoderConfig("bag", width=1024, saturation=0.6, frequency=2e-3)
SETTINGS = QuickThoughtConfig(target="rest", lead=0.5, word_dropout=0.3, temperature=0.06)
TRAINING = TrainingConfig(
    epochs=8, batch_size=8192, segment_length=64, lr=3e-3, validation=0.01, keep_out=0.0, tracker="none"
)
SMALL: dict[str, Any] = {"batch_size": 2048, "segment_length": 32}
"""Settings of training for a text of less than `MANY` sentences, which would be few large batches."""
MANY = 100_000
TOKENIZER = TokenizerConfig("unigram", vocab=16_000)

FEWEST = 5000
"""Sentences that training needs."""
SENTENCES_A_SECOND = 10_000
"""That a core reads in training, at least."""
OVERHEAD = 10.0
"""Seconds that a run takes beside its steps: vocabulary, validation, export."""


def seconds(text: Text) -> float:
    """How long one run takes, about."""
    return OVERHEAD + TRAINING.epochs * text.sentences / SENTENCES_A_SECOND


def objection(text: Text, budget: Budget) -> str:
    """Why it is not trained; empty where it is."""
    if text.sentences < FEWEST:
        return f"{text.sentences:,} sentences are too few to train on; {FEWEST:,} are needed"
    return budget.objection(2 * seconds(text))  # once to measure, once on all documents


def fit(text: Text, out: Path, seed: int = 0) -> Encoder:
    """Train on the text; `out` gets the model alone."""
    run = run_of(out)
    small = SMALL if text.sentences < MANY else {}
    trained = api.train(
        "quick-thought",
        corpus=CorpusConfig((str(text.file),)),
        out=run,
        encoder=ENCODER,
        tokenizer=TOKENIZER,
        settings=SETTINGS,
        training=replace(TRAINING, seed=seed, **small),
        cache=out.with_name("cache"),
        overwrite=True,
    )
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(run / "model", out)
    return trained.encoder


def run_of(out: Path) -> Path:
    """The folder of the run that made a model."""
    return out.with_name(f"{out.name}-run")
