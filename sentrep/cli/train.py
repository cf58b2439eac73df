"""The command train, with one subcommand for each method."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, Union

import tyro

from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.registry import METHODS, entry
from sentrep.training.config import TrainingConfig


@dataclasses.dataclass(frozen=True)
class Where:
    """Where the run goes."""

    out: Path
    """Folder of the run: model, logs, checkpoints. An interrupted run in it is continued."""
    cache: Path | None = None
    """Where prepared corpora are kept. Unset: $SENTREP_CACHE or ~/.cache/sentrep."""
    overwrite: bool = False
    """Remove another run that is in `out`."""
    wait: bool = False
    """Wait for another process that writes `out` or the prepared corpus, instead of refusing."""
    strict: bool = False
    """End with an error if anything of the corpus is damaged or skipped."""


def _options(name: str) -> type:
    """The options of ``sentrep train NAME``: every dataclass that a run is made from, side by side."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [
        ("where", Where),
        ("corpus", CorpusConfig),
        ("encoder", EncoderConfig, dataclasses.field(default_factory=EncoderConfig)),
        ("settings", METHODS[name].config, dataclasses.field(default_factory=METHODS[name].config)),
        ("training", TrainingConfig, dataclasses.field(default_factory=TrainingConfig)),
        ("tokenizer", TokenizerConfig, dataclasses.field(default_factory=TokenizerConfig)),
    ]
    return dataclasses.make_dataclass(
        name, fields, frozen=True, namespace={"__doc__": METHODS[name].config.__doc__}
    )


# Every method is a subcommand that is made of its options; a union needs two members, hence the hidden one.
_METHODS: Any = Union[
    (
        *(Annotated[Any, tyro.conf.subcommand(name, constructor=_options(name))] for name in METHODS),
        Annotated[None, tyro.conf.Suppress],
    )
]


def train(method: _METHODS) -> int:
    """Train an encoder on raw text.

    Args:
        method: What to learn from.
    """
    trained = api.train(
        type(method).__name__,
        corpus=method.corpus,
        encoder=method.encoder,
        tokenizer=method.tokenizer,
        settings=method.settings,
        training=method.training,
        **vars(method.where),
    )
    store, outcome = trained.store, trained.outcome
    print(
        f"corpus   {len(store):,} sentences, {len(store.documents) - 1:,} documents, {store.tokens:,} tokens"
    )
    print(f"trained  {outcome.steps:,} batches in {outcome.seconds:,.0f} s, {outcome.ended}")
    if outcome.ended == "interrupted":
        return 130
    print(f"model    {trained.model}")
    print(f"next     {entry(type(method).__name__).then.format(run=trained.run.path)}")
    return 0
