"""The registry of methods, one entry each. Methods, and with them torch, are imported when they are
needed."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sentrep.methods.autoencoder.config import AutoencoderConfig
from sentrep.methods.bigan.config import BiGANConfig
from sentrep.methods.capabilities import (
    HasCodes,
    HasContext,
    HasDecoders,
    HasLikelihood,
    HasPrior,
    HasSummarizer,
    HasTrees,
)
from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
from sentrep.methods.cpc.config import CPCConfig
from sentrep.methods.defaults import MethodDefaults, Presets
from sentrep.methods.flow.config import FlowConfig
from sentrep.methods.infomax.config import InfoMaxConfig
from sentrep.methods.latent_gan.config import LatentGANConfig
from sentrep.methods.o_gan.config import OGANConfig
from sentrep.methods.quick_thought.config import QuickThoughtConfig
from sentrep.methods.quick_thought.presets import PRESETS
from sentrep.methods.semantic_hashing.config import SemanticHashingConfig
from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
from sentrep.methods.skip_thought.config import SkipThoughtConfig
from sentrep.methods.struct_vae.config import StructVAEConfig
from sentrep.methods.urnng.config import URNNGConfig
from sentrep.methods.vae.config import VAEConfig
from sentrep.methods.vq_vae.config import VQVAEConfig
from sentrep.utils.errors import InputError, nearest

if TYPE_CHECKING:
    from sentrep.methods.base import Method


@dataclass(frozen=True)
class Entry:
    """Where a method's settings and its class are."""

    config: type
    place: str
    """module:Class"""
    defaults: MethodDefaults = field(default_factory=MethodDefaults)
    """Of settings of training that the user leaves open."""
    presets: Presets = field(default_factory=Presets)
    """Named values for its settings."""
    corpus_only: bool = True
    """Whether it needs no other data than a corpus."""
    stochastic: bool = False
    """Whether its loss depends on samples (trees, codes, summaries): other rounding or several processes draw
    other samples."""
    capabilities: tuple[type, ...] = ()
    """What it provides besides vectors: protocols of `sentrep.methods.capabilities`."""

    @property
    def then(self) -> str:
        """The command that comes after training, with {run} for the run's folder."""
        return next((NEXT[each] for each in self.capabilities if each in NEXT), NEXT_OF_ENCODERS)

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
        QuickThoughtConfig,
        "sentrep.methods.quick_thought.method:QuickThought",
        defaults=MethodDefaults(matrix_products=False),
        presets=PRESETS,
    ),
    "cpc": Entry(
        CPCConfig, "sentrep.methods.cpc.method:ContrastivePredictiveCoding", capabilities=(HasContext,)
    ),
    "infomax": Entry(
        InfoMaxConfig, "sentrep.methods.infomax.method:InfoMax", defaults=MethodDefaults(batch_size=256)
    ),
    "skip-thought": Entry(
        SkipThoughtConfig,
        "sentrep.methods.skip_thought.method:SkipThought",
        defaults=MethodDefaults(batch_size=128, choose_by="loss"),
        capabilities=(HasDecoders,),
    ),
    "flow": Entry(
        FlowConfig,
        "sentrep.methods.flow.method:Flow",
        defaults=MethodDefaults(batch_size=256, choose_by="loss"),
        stochastic=True,
    ),
    "semantic-hashing": Entry(
        SemanticHashingConfig,
        "sentrep.methods.semantic_hashing.method:SemanticHashing",
        defaults=MethodDefaults(batch_size=256, choose_by="last"),
        stochastic=True,
    ),
    "autoencoder": Entry(
        AutoencoderConfig,
        "sentrep.methods.autoencoder.method:Autoencoder",
        defaults=MethodDefaults(batch_size=128, choose_by="loss"),
        stochastic=True,
        capabilities=(HasDecoders,),
    ),
    "vae": Entry(
        VAEConfig,
        "sentrep.methods.vae.method:VariationalAutoencoder",
        defaults=MethodDefaults(batch_size=128, choose_by="last"),
        stochastic=True,
        capabilities=(HasDecoders, HasPrior, HasCodes, HasLikelihood),
    ),
    "vq-vae": Entry(
        VQVAEConfig,
        "sentrep.methods.vq_vae.method:VQVAE",
        defaults=MethodDefaults(batch_size=128, choose_by="loss"),
        stochastic=True,
        capabilities=(HasDecoders, HasCodes),
    ),
    "latent-gan": Entry(
        LatentGANConfig,
        "sentrep.methods.latent_gan.method:LatentGAN",
        defaults=MethodDefaults(batch_size=128, choose_by="last"),
        stochastic=True,
        capabilities=(HasDecoders, HasPrior),
    ),
    "o-gan": Entry(
        OGANConfig,
        "sentrep.methods.o_gan.method:OGAN",
        defaults=MethodDefaults(batch_size=128, choose_by="last"),
        stochastic=True,
        capabilities=(HasDecoders, HasPrior),
    ),
    "bigan": Entry(
        BiGANConfig,
        "sentrep.methods.bigan.method:BiGAN",
        defaults=MethodDefaults(batch_size=128, choose_by="last"),
        stochastic=True,
        capabilities=(HasDecoders, HasPrior),
    ),
    "seq2seq2seq": Entry(
        Seq2Seq2SeqConfig,
        "sentrep.methods.seq2seq2seq.method:Seq2Seq2Seq",
        defaults=MethodDefaults(batch_size=96, choose_by="last"),
        corpus_only=False,
        stochastic=True,
        capabilities=(HasSummarizer,),
    ),
    "compound-pcfg": Entry(
        CompoundPCFGConfig,
        "sentrep.methods.compound_pcfg.method:CompoundPCFG",
        defaults=MethodDefaults(batch_size=16, matrix_products=False, choose_by="last"),
        stochastic=True,
        capabilities=(HasTrees,),
    ),
    "urnng": Entry(
        URNNGConfig,
        "sentrep.methods.urnng.method:UnsupervisedRNNG",
        defaults=MethodDefaults(batch_size=32, choose_by="loss"),
        stochastic=True,
        capabilities=(HasTrees, HasLikelihood),
    ),
    "struct-vae": Entry(
        StructVAEConfig,
        "sentrep.methods.struct_vae.method:StructVAE",
        defaults=MethodDefaults(batch_size=64, choose_by="last"),
        corpus_only=False,
        stochastic=True,
        capabilities=(HasTrees,),
    ),
}


CORPUS_ONLY = [name for name, entry in METHODS.items() if entry.corpus_only]
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
            f"{name} takes settings of {wanted.__module__}.{wanted.__name__}, not of "
            f"{type(settings).__module__}"
        )
    return settings
