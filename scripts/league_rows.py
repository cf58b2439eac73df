"""The rows of the league: training function and settings of each.

A row is a function (setup, seed, folder) -> `Trained`. Our methods come from the registry, one row for each
kind of encoder and each entry of `SETTINGS`; a method in the registry is in the league automatically.
Settings were chosen on development sets, never on the test sets of the table (eval/league-settings.md).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from league_setup import MAX_TOKENS, Setup

from sentrep import api
from sentrep.baselines.config import WordModelConfig, WordModelName
from sentrep.data.config import TokenizerConfig
from sentrep.data.store.store import Store
from sentrep.encoders.config import EncoderConfig
from sentrep.evaluation.models.lexical import random_vectors
from sentrep.evaluation.task import Model
from sentrep.methods.quick_thought.presets import PRESETS
from sentrep.methods.registry import CORPUS_ONLY, METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.run_file import read_json

IN_MEMORY = "in memory"
"""Stands for the folder of a model that cannot be saved."""


class Trained(NamedTuple):
    """The outcome of training a row."""

    model: str
    """Folder within that of the row, name of a baseline, or `IN_MEMORY`."""
    sentences: int | None = 0
    """Sentences read in training, with repetitions; None if they are not counted."""
    seconds: float = 0.0
    in_memory: Model | None = None
    """A model that cannot be saved."""


@dataclass(frozen=True)
class Row:
    """One row of the table."""

    name: str
    """Kind of encoder, a slash, and the method."""
    train: Callable[[Setup, int, Path], Trained]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from the defaults, for row.json."""
    seeded: bool = True
    """Whether the result depends on the seed."""


@dataclass(frozen=True)
class Settings:
    """Settings of one of our methods where the defaults are not the best."""

    method: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)


SETTINGS: dict[str, dict[str, Settings]] = {
    "bag/quick-thought": {
        "": Settings(training={"lr": 1e-3}),
        "-rest": Settings({"target": "rest"}, {"lr": 1e-3, "batch_size": 4096}),
    },
    "bag/cpc": {"": Settings(training={"lr": 1e-3})},
    "bag/infomax": {"": Settings(training={"lr": 3e-4})},
    "bag/urnng": {"": Settings(), "-none": Settings({"branching": "none"})},
    "transformer/quick-thought": {"": Settings(), "-rest": Settings({"target": "rest"}, {"batch_size": 512})},
}
"""Kind and method -> suffix of the name -> settings. Methods that are not listed run with their defaults."""

KINDS = ("bag", "transformer")
WORDS: dict[str, dict[str, Any]] = {
    "bm25": {}, "random": {}, "hashing": {}, "word2vec": {}, "fasttext": {}, "sif": {"whiten": True},
    "sif-fasttext": {"whiten": True}, "lsa": {}, "doc2vec": {},
}  # fmt: skip
"""Word models and baselines, with their settings."""
NAMED = ("similarity", "general")
"""Presets of quick-thought for general text. They are short by themselves: the time is no limit."""
UNSEEDED = ("bm25", "hashing")


def rows() -> list[Row]:
    """All rows: for each kind of encoder the untrained one, our methods and the peers; then word models."""
    from league_peers import RECIPES  # imports heavy libraries, which --help does not need

    made = [Row("bag/untrained-unweighted", partial(untrained, "bag", 0.0), {"frequency": 0})]
    for kind in KINDS:
        made.append(Row(f"{kind}/untrained", partial(untrained, kind, EncoderConfig().frequency)))
        for method in CORPUS_ONLY:
            for end, settings in SETTINGS.get(f"{kind}/{method}", {"": Settings()}).items():
                train = partial(ours, kind, method, settings)
                made.append(Row(f"{kind}/{method}{end}", train, settings.method | settings.training))
        if kind == "bag":
            made += [
                Row(f"bag/quick-thought-{name}", partial(preset, name), PRESETS.values[name])
                for name in NAMED
            ]
        for name, recipes in RECIPES.items():
            if kind in recipes:
                made.append(Row(f"{kind}/{name}", partial(peer, kind, name), recipes[kind].described()))
    return made + [
        Row(f"words/{name}", partial(words, name, settings), settings, name not in UNSEEDED)
        for name, settings in WORDS.items()
    ]


def ours(kind: str, method: str, settings: Settings, setup: Setup, seed: int, place: Path) -> Trained:
    """A run of one of our methods for the given time. After an interruption it continues from its
    checkpoint."""
    training = TrainingConfig(
        epochs=1e6, minutes=setup.minutes, validation=0.0, keep_out=0.0,
        checkpoint_minutes=max(1.0, setup.minutes / 4),
        threads=setup.threads, seed=seed, device="cpu", tracker="none", **settings.training,
    )  # fmt: skip
    done = api.train(
        method,
        corpus=setup.corpus,
        out=place / "run",
        encoder=setup.encoder(kind),
        tokenizer=TokenizerConfig(),
        settings=METHODS[method].config(**settings.method),
        training=training,
        cache=setup.cache,
    )
    if done.outcome.ended == "interrupted":
        raise KeyboardInterrupt
    batch = read_json(done.run.path / "run.json")["run"]["training"]["batch_size"]
    return Trained("run/model", done.outcome.steps * batch, done.outcome.seconds)


def preset(name: str, setup: Setup, seed: int, place: Path) -> Trained:
    """Quick-thought with a preset. Its seconds are of the processor, those of fitting the first rows among
    them."""
    began = time.process_time()
    done = api.train(
        "quick-thought",
        corpus=setup.corpus,
        out=place / "run",
        preset=name,
        width=setup.width,
        validation=0.0,
        keep_out=0.0,
        threads=setup.threads,
        seed=seed,
        device="cpu",
        tracker="none",
        cache=setup.cache,
    )
    if done.outcome.ended == "interrupted":
        raise KeyboardInterrupt
    batch = read_json(done.run.path / "run.json")["run"]["training"]["batch_size"]
    return Trained("run/model", done.outcome.steps * batch, time.process_time() - began)


def untrained(kind: str, frequency: float, setup: Setup, seed: int, place: Path) -> Trained:
    """The encoder with its initial weights."""
    from sentrep.encoders import serialization as folder
    from sentrep.encoders.factory import build
    from sentrep.modules.random_state import seeded

    store = Store.open(Path(setup.store))
    with seeded(seed):
        config = replace(setup.encoder(kind), frequency=frequency)
        made = build(config, store.tokenizer.inner, store.token_counts(), MAX_TOKENS)
    folder.save(made, place / "model")
    return Trained("model")


def peer(kind: str, name: str, setup: Setup, seed: int, place: Path) -> Trained:
    """A recipe of sentence-transformers. After an interruption it starts again."""
    import league_peers

    from sentrep.encoders import serialization as folder

    recipe, store = league_peers.RECIPES[name][kind], Store.open(Path(setup.store))
    trained = league_peers.train(recipe, setup.encoder(kind), store, 60 * setup.minutes, seed)
    folder.save(trained.model, place / "model")
    return Trained("model", trained.sentences, trained.seconds)


def words(name: str, settings: Mapping[str, Any], setup: Setup, seed: int, place: Path) -> Trained:
    """A word model. word2vec, fastText and Doc2Vec train for the same time as the other rows; the others run
    to completion."""
    from sentrep.baselines.fit import doc2vec, fit
    from sentrep.encoders import serialization as folder

    if name == "bm25":
        return Trained(name)
    if name == "random":
        return Trained(IN_MEMORY, in_memory=random_vectors(setup.width, seed))
    config = WordModelConfig(
        width=setup.width, minutes=setup.minutes, threads=setup.threads, seed=seed, **settings
    )
    store, began = Store.open(Path(setup.store)), time.monotonic()
    if name == "doc2vec":
        return Trained(IN_MEMORY, None, in_memory=doc2vec(store, config), seconds=time.monotonic() - began)
    encoder, seconds = fit(cast(WordModelName, name), store, config), time.monotonic() - began
    folder.save(encoder, place / "model")
    return Trained("model", None, seconds)
