"""The rows of the league: what is trained, how, and with which settings.

A row is a function (setup, seed, folder) -> what came of it. Our methods come from the registry, one row for
each kind of encoder and each of their `SETTINGS`; a method that joins the registry joins the league. Settings
were chosen on development sets, never on the test sets of the table: eval/league-settings.md says how."""

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
from sentrep.methods.registry import CORPUS_ONLY, METHODS
from sentrep.training.config import TrainingConfig
from sentrep.training.run_folder import read_json

IN_MEMORY = "in memory"
"""In place of the folder of a model that cannot be saved."""


class Trained(NamedTuple):
    """What came of a row."""

    model: str
    """Its folder, within that of the row; the name of a baseline that `sentrep.inference.loading.measured`
    knows; or `IN_MEMORY`."""
    sentences: int | None = 0
    """Read while training; one that was read twice counts twice. None if nobody counts."""
    seconds: float = 0.0
    alive: Model | None = None
    """A model that cannot be saved."""


@dataclass(frozen=True)
class Row:
    """One contender."""

    name: str
    """Kind of encoder, a slash, and what trained it."""
    train: Callable[[Setup, int, Path], Trained]
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What `train` does otherwise than by default, for the record."""
    seeded: bool = True
    """Whether a second seed would change anything."""


@dataclass(frozen=True)
class Settings:
    """How a method of ours is run where its defaults are not the best."""

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
"""Kind and method -> end of the row's name -> settings. A method that is not here runs with its defaults."""

KINDS = ("bag", "transformer")
WORDS: dict[str, dict[str, Any]] = {
    "bm25": {}, "random": {}, "hashing": {}, "word2vec": {}, "fasttext": {}, "sif": {"whiten": True},
    "sif-fasttext": {"whiten": True}, "lsa": {}, "doc2vec": {},
}  # fmt: skip
"""What needs no encoder of ours, with its settings."""
UNSEEDED = ("bm25", "hashing")


def rows() -> list[Row]:
    """All rows: for each kind of encoder the untrained one, our methods and the peers; then what works on
    words."""
    from league_peers import RECIPES  # as heavy as the libraries it drives; not for --help

    made = [Row("bag/untrained-unweighted", partial(untrained, "bag", 0.0), {"frequency": 0})]
    for kind in KINDS:
        made.append(Row(f"{kind}/untrained", partial(untrained, kind, EncoderConfig().frequency)))
        for method in CORPUS_ONLY:
            for end, settings in SETTINGS.get(f"{kind}/{method}", {"": Settings()}).items():
                train = partial(ours, kind, method, settings)
                made.append(Row(f"{kind}/{method}{end}", train, settings.method | settings.training))
        for name, recipes in RECIPES.items():
            if kind in recipes:
                made.append(Row(f"{kind}/{name}", partial(peer, kind, name), recipes[kind].described()))
    return made + [
        Row(f"words/{name}", partial(words, name, settings), settings, name not in UNSEEDED)
        for name, settings in WORDS.items()
    ]


def ours(kind: str, method: str, settings: Settings, setup: Setup, seed: int, place: Path) -> Trained:
    """A run of ours that only time ends. Interrupted, it goes on from its checkpoint."""
    training = TrainingConfig(
        epochs=1e6, minutes=setup.minutes, validation=0.0, checkpoint_minutes=max(1.0, setup.minutes / 4),
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


def untrained(kind: str, frequency: float, setup: Setup, seed: int, place: Path) -> Trained:
    """The encoder that everybody starts from."""
    from sentrep.encoders import serialization as folder
    from sentrep.encoders.factory import build
    from sentrep.training.job import seeded

    store = Store.open(Path(setup.store))
    with seeded(seed):
        config = replace(setup.encoder(kind), frequency=frequency)
        made = build(config, store.tokenizer.inner, store.token_counts(), MAX_TOKENS)
    folder.save(made, place / "model")
    return Trained("model")


def peer(kind: str, name: str, setup: Setup, seed: int, place: Path) -> Trained:
    """A recipe of sentence-transformers. Interrupted, it begins anew."""
    import league_peers

    from sentrep.encoders import serialization as folder

    recipe, store = league_peers.RECIPES[name][kind], Store.open(Path(setup.store))
    trained = league_peers.train(recipe, setup.encoder(kind), store, 60 * setup.minutes, seed)
    folder.save(trained.model, place / "model")
    return Trained("model", trained.sentences, trained.seconds)


def words(name: str, settings: Mapping[str, Any], setup: Setup, seed: int, place: Path) -> Trained:
    """What works on words. word2vec, fastText and Doc2Vec train as long as everybody, the others take the
    time that they need."""
    from sentrep.baselines.fit import doc2vec, fit
    from sentrep.encoders import serialization as folder

    if name == "bm25":
        return Trained(name)
    if name == "random":
        return Trained(IN_MEMORY, alive=random_vectors(setup.width, seed))
    config = WordModelConfig(
        width=setup.width, minutes=setup.minutes, threads=setup.threads, seed=seed, **settings
    )
    store, began = Store.open(Path(setup.store)), time.monotonic()
    if name == "doc2vec":
        return Trained(IN_MEMORY, None, alive=doc2vec(store, config), seconds=time.monotonic() - began)
    encoder, seconds = fit(cast(WordModelName, name), store, config), time.monotonic() - began
    folder.save(encoder, place / "model")
    return Trained("model", None, seconds)
