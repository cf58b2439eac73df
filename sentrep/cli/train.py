"""The command train, with one subcommand for each method."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import tyro

from sentrep import api
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.defaults import Presets
from sentrep.methods.registry import METHODS, entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.settings import route
from sentrep.utils.terminal import command


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
    deduplicate: bool = False
    """Leave out documents that are exact or near-duplicates of others; prints how many."""


def train_with(arguments: Sequence[str]) -> Callable[..., int]:
    """The command train, with the preset's values as defaults of its options: of the preset that the
    arguments ask for, or of the default one."""

    def train(method: Any) -> int:
        return run(method)

    # Every method is a subcommand that is made of its options; a union needs two members, hence the hidden
    # one.
    methods = (
        Annotated[Any, tyro.conf.subcommand(name, constructor=_options(name, _given(arguments)))]
        for name in METHODS
    )
    train.__annotations__ = {
        "method": Union[(*methods, Annotated[None, tyro.conf.Suppress])],
        "return": int,
    }
    train.__doc__ = run.__doc__
    return train


def _given(arguments: Sequence[str]) -> dict[str, str]:
    """Options of a command line with what stands behind them, by the names of their settings.

    >>> _given(["train", "quick-thought", "--batch-size", "8", "--preset=paper"])
    {'batch_size': '8', 'preset': 'paper'}
    """
    found = {}
    for option, following in pairwise([*arguments, ""]):
        if option.startswith("--"):
            name, equals, value = option[2:].partition("=")
            found[name.replace("-", "_")] = value if equals else following
    return found


def _options(name: str, given: dict[str, str]) -> type:
    """The options of ``sentrep train NAME``: every dataclass that a run is made from, side by side."""
    presets, config = METHODS[name].presets, METHODS[name].config
    chosen, values = presets.plain, {}
    if presets.values:
        preset = given.get("preset")
        chosen = presets.chosen(preset, given.get("encoder", "bag"), given.keys())
        values = presets.settings(chosen, given.keys())
    kinds = {"encoder": EncoderConfig, "settings": config, "training": TrainingConfig}
    found = route(values, {**kinds, "tokenizer": TokenizerConfig})
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = [("where", Where), ("corpus", CorpusConfig)]
    if presets.values:
        fields.append(("preset", _preset_option(presets), dataclasses.field(default=chosen)))
    for part, value in found.items():
        fields.append((part, type(value), dataclasses.field(default_factory=partial(deepcopy, value))))
    return dataclasses.make_dataclass(
        name, fields, frozen=True, namespace={"__doc__": METHODS[name].config.__doc__}
    )


def _preset_option(presets: Presets) -> Any:
    names = Literal[tuple(presets.values)]  # type: ignore[valid-type]
    text = (
        "Values for all options that are not given; the defaults shown here are those of the preset. "
        f"Unset: {presets.default} for 'bag', {presets.plain} for other encoders."
    )
    return Annotated[names, tyro.conf.arg(help=text)]


def run(method: Any) -> int:
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
        preset=getattr(method, "preset", None),
        **vars(method.where),
    )
    store, outcome = trained.store, trained.outcome
    print(
        f"corpus   {len(store):,} sentences, {len(store.documents) - 1:,} documents, {store.tokens:,} tokens"
    )
    if method.training.keep_out:
        print(kept_out_line(store.header["kept_out"]))
    batches = f"{outcome.steps:,} batches" if outcome.steps else "no batches (--steps 0)"
    print(f"trained  {batches} in {outcome.seconds:,.0f} s, {outcome.ended}")
    if outcome.ended == "interrupted":
        return 130
    print(f"model    {trained.model}")
    print(f"next     {entry(type(method).__name__).then.format(run=shlex.quote(str(trained.run.path)))}")
    if store.kept_out is not None:
        print(f"         {command('eval', trained.run.path)}")
    return 0


def kept_out_line(taken: dict[str, Any]) -> str:
    """What was kept out of training.

    >>> kept_out_line({"documents": 0, "sentences": 0})
    'kept out nothing: the corpus is too small to measure with a part of it'
    """
    if not taken["documents"]:
        return "kept out nothing: the corpus is too small to measure with a part of it"
    return f"kept out {taken['sentences']:,} sentences in {taken['documents']:,} documents, to measure with"
