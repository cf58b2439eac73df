"""The list of methods: one line each. Settings are imported here, the methods themselves (and torch) when
they are asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from sentrep.methods.capabilities import HasContext, HasDecoders, HasLikelihood, HasSummarizer, HasTrees
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.cpc.config import CPCConfig
from sentrep.methods.infomax.config import InfoMaxConfig
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.utils.errors import InputError, nearest

if TYPE_CHECKING:
    from sentrep.methods.base import Method


@dataclass(frozen=True)
class Entry:
    """Where a method's settings and its class are."""

    config: type
    place: str
    """module:Class"""
    batch_size: int | None = None
    """Sentences in a batch, where it should not be as its encoder has it: a method that is slow makes more
    steps of less."""
    alone: bool = True
    """Whether a corpus is all that it learns from."""
    multiplies: bool = True
    """Whether it multiplies matrices besides those of its encoder, so that bf16 pays even where the encoder
    has none."""
    choose_by: Literal["neighbour-mrr", "loss", "last"] = "neighbour-mrr"
    """What makes a checkpoint the best."""

    draws: bool = False
    """Whether its loss is of what it draws (trees, codes, summaries): by other rounding or in several
    processes it draws others."""
    capabilities: tuple[type, ...] = ()
    """What it provides besides vectors: protocols of `sentrep.methods.capabilities`."""

    @property
    def then(self) -> str:
        """The command that comes after training, with {run} for the run's folder."""
        return next((NEXT[each] for each in self.capabilities if each in NEXT), NEXT_OF_ENCODERS)

    def hastened(self, encoder: str) -> bool:
        """Whether bf16 pays with that kind of encoder: a bag multiplies no matrices."""
        return encoder != "bag" or self.multiplies

    def load(self) -> type[Method]:
        module, name = self.place.split(":")
        found: type[Method] = getattr(importlib.import_module(module), name)
        return found


NEXT_OF_ENCODERS = 'sentrep index {run}/model --input FILES --out INDEX; sentrep search INDEX "words"'
NEXT: dict[type, str] = {
    HasSummarizer: "sentrep summarize {run} --input FILES",
    HasTrees: "sentrep parse {run} --input FILES",
}
METHODS: dict[str, Entry] = {
    "quick-thought": Entry(
        QuickThoughtConfig, "sentrep.methods.quick_thought.method:QuickThought", multiplies=False
    ),
    "cpc": Entry(
        CPCConfig, "sentrep.methods.cpc.method:ContrastivePredictiveCoding", capabilities=(HasContext,)
    ),
    "infomax": Entry(InfoMaxConfig, "sentrep.methods.infomax.method:InfoMax", batch_size=256),
    "skip-thought": Entry(
        SkipThoughtConfig,
        "sentrep.methods.skip_thought.method:SkipThought",
        batch_size=128,
        choose_by="loss",
        capabilities=(HasDecoders,),
    ),
    "seq2seq2seq": Entry(
        Seq2Seq2SeqConfig,
        "sentrep.methods.seq2seq2seq.method:Seq2Seq2Seq",
        batch_size=96,
        choose_by="last",
        alone=False,
        draws=True,
        capabilities=(HasSummarizer,),
    ),
    "compound-pcfg": Entry(
        CompoundPCFGConfig,
        "sentrep.methods.compound_pcfg.method:CompoundPCFG",
        batch_size=16,
        multiplies=False,
        choose_by="last",
        draws=True,
        capabilities=(HasTrees,),
    ),
    "urnng": Entry(
        URNNGConfig,
        "sentrep.methods.urnng.method:UnsupervisedRNNG",
        batch_size=32,
        choose_by="loss",
        draws=True,
        capabilities=(HasTrees, HasLikelihood),
    ),
    "struct-vae": Entry(
        StructVAEConfig,
        "sentrep.methods.struct_vae.method:StructVAE",
        batch_size=64,
        choose_by="last",
        alone=False,
        draws=True,
        capabilities=(HasTrees,),
    ),
}


ALONE = [name for name, entry in METHODS.items() if entry.alone]
"""Those that can be trained on any corpus as it is."""


def entry(name: str) -> Entry:
    """The method of that name.

    Raises:
        InputError: there is none; names the nearest.
    """
    if name not in METHODS:
        raise InputError(f"no method is called {name!r}; {nearest(name, METHODS)}")
    return METHODS[name]


def methods_with(capability: type) -> list[str]:
    """The names of the methods that have a capability."""
    return [name for name, each in METHODS.items() if capability in each.capabilities]


def configured(name: str, settings: Any | None) -> Any:
    """`settings` if they are those of the method, its defaults if there are none."""
    wanted = entry(name).config
    if settings is None:
        return wanted()
    if not isinstance(settings, wanted):
        raise InputError(
            f"{name} takes settings of {wanted.__module__}.{wanted.__name__}, not of {type(settings).__module__}"
        )
    return settings
