"""sentrep trains sentence encoders on raw text, builds search indexes with them, and measures them.

    import sentrep
    trained = sentrep.train("quick-thought", corpus="books/", out="runs/qt", epochs=1)
    vectors = sentrep.embed(trained.encoder, ["A sentence.", "Another one."])

Everything is imported when it is first used: ``import sentrep`` itself loads no library.
"""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

# How threads of OpenMP wait for work, read when torch is imported; what the user has set stays. Threads that
# sleep at once cost a fifth of the training speed; threads that spin as long as by default cost up to three
# quarters when other programs need the cores (eval/bench_threads.json). GNU's OpenMP reads the number, others
# the word.
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}

if TYPE_CHECKING:
    from sentrep.api import (
        add,
        anomalies,
        baseline,
        build_index,
        clusters,
        combine,
        compare,
        compress,
        decompress,
        distill,
        duplicates,
        embed,
        embed_corpus,
        evaluate,
        expand,
        generate,
        generate_from_prior,
        index,
        load,
        merge_embedded,
        open_index,
        parse,
        reduce,
        remove,
        report,
        search,
        summarize,
        terms,
        train,
        update,
    )
    from sentrep.baselines.config import WordModelConfig
    from sentrep.data.config import CorpusConfig, TokenizerConfig
    from sentrep.encoders.config import EncoderConfig
    from sentrep.methods.autoencoder.config import AutoencoderConfig
    from sentrep.methods.bigan.config import BiGANConfig
    from sentrep.methods.compound_pcfg.config import CompoundPCFGConfig
    from sentrep.methods.cpc.config import CPCConfig
    from sentrep.methods.distill.config import DistillConfig
    from sentrep.methods.flow.config import FlowConfig
    from sentrep.methods.infomax.config import InfoMaxConfig
    from sentrep.methods.latent_gan.config import LatentGANConfig
    from sentrep.methods.o_gan.config import OGANConfig
    from sentrep.methods.quick_thought.config import QuickThoughtConfig
    from sentrep.methods.semantic_hashing.config import SemanticHashingConfig
    from sentrep.methods.seq2seq2seq.config import Seq2Seq2SeqConfig
    from sentrep.methods.skip_thought.config import SkipThoughtConfig
    from sentrep.methods.struct_vae.config import StructVAEConfig
    from sentrep.methods.urnng.config import URNNGConfig
    from sentrep.methods.vae.config import VAEConfig
    from sentrep.methods.vq_vae.config import VQVAEConfig
    from sentrep.modules.decoding_config import DecodingConfig
    from sentrep.pipelines.build.pipeline import build
    from sentrep.training.config import TrainingConfig
    from sentrep.utils.errors import InputError, ReadWarning

VERBS = (
    "add",
    "anomalies",
    "baseline",
    "build_index",
    "clusters",
    "combine",
    "compare",
    "compress",
    "decompress",
    "distill",
    "duplicates",
    "embed",
    "embed_corpus",
    "evaluate",
    "expand",
    "generate",
    "generate_from_prior",
    "index",
    "load",
    "merge_embedded",
    "open_index",
    "parse",
    "reduce",
    "remove",
    "report",
    "search",
    "summarize",
    "terms",
    "train",
    "update",
)
"""Functions, all of them in `sentrep.api`."""

PLACES = {
    "CorpusConfig": "sentrep.data.config",
    "DistillConfig": "sentrep.methods.distill.config",
    "DecodingConfig": "sentrep.modules.decoding_config",
    "EncoderConfig": "sentrep.encoders.config",
    "InputError": "sentrep.utils.errors",
    "ReadWarning": "sentrep.utils.errors",
    "TokenizerConfig": "sentrep.data.config",
    "TrainingConfig": "sentrep.training.config",
    "WordModelConfig": "sentrep.baselines.config",
    "build": "sentrep.pipelines.build.pipeline",
} | dict.fromkeys(VERBS, "sentrep.api")
"""Where each public name is defined, save the configurations of methods, which the registry lists."""

__all__ = [
    "AutoencoderConfig",
    "BiGANConfig",
    "CPCConfig",
    "CompoundPCFGConfig",
    "CorpusConfig",
    "DecodingConfig",
    "DistillConfig",
    "EncoderConfig",
    "FlowConfig",
    "InfoMaxConfig",
    "InputError",
    "LatentGANConfig",
    "OGANConfig",
    "QuickThoughtConfig",
    "ReadWarning",
    "SemanticHashingConfig",
    "Seq2Seq2SeqConfig",
    "SkipThoughtConfig",
    "StructVAEConfig",
    "TokenizerConfig",
    "TrainingConfig",
    "URNNGConfig",
    "VAEConfig",
    "VQVAEConfig",
    "WordModelConfig",
    "add",
    "anomalies",
    "baseline",
    "build",
    "build_index",
    "clusters",
    "combine",
    "compare",
    "compress",
    "decompress",
    "distill",
    "duplicates",
    "embed",
    "embed_corpus",
    "evaluate",
    "expand",
    "generate",
    "generate_from_prior",
    "index",
    "load",
    "merge_embedded",
    "open_index",
    "parse",
    "reduce",
    "remove",
    "report",
    "search",
    "summarize",
    "terms",
    "train",
    "update",
]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in PLACES:
        return getattr(importlib.import_module(PLACES[name]), name)
    if name.endswith("Config") and name in (configs := method_configs()):
        return configs[name]
    raise AttributeError(f"module 'sentrep' has no attribute {name!r}")


def method_configs() -> dict[str, type]:
    """The configurations of all methods, by name."""
    from sentrep.methods.registry import METHODS

    return {entry.config.__name__: entry.config for entry in METHODS.values()}


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Package(ModuleType):
    """The package, whose verbs stay functions: importing the module `sentrep.search` does not hide the
    verb."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in VERBS and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
