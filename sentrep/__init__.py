"""sentrep trains sentence encoders on raw text, builds search indexes with them, and measures them.

    import sentrep
    trained = sentrep.train("quick-thought", corpus="books/", out="runs/qt", epochs=1)
    vectors = sentrep.embed(trained.encoder, ["A sentence.", "Another one."])

Everything is imported when it is first used: ``import sentrep`` itself loads no library.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import TYPE_CHECKING

from sentrep.utils.lazy import lazy_exports

# How threads of OpenMP wait for work, read when torch is imported; what the user has set stays. Threads that
# sleep at once lower the training speed by a fifth; threads that spin as long as by default lower it by up to
# three quarters when other programs need the cores (eval/bench_threads.json). GNU's OpenMP reads the number,
# others the word.
if not os.environ.keys() & {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}:
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "1000"}

if TYPE_CHECKING:
    from sentrep.api import add as add
    from sentrep.api import anomalies as anomalies
    from sentrep.api import baseline as baseline
    from sentrep.api import build_index as build_index
    from sentrep.api import clusters as clusters
    from sentrep.api import combine as combine
    from sentrep.api import compare as compare
    from sentrep.api import compress as compress
    from sentrep.api import decompress as decompress
    from sentrep.api import distill as distill
    from sentrep.api import duplicates as duplicates
    from sentrep.api import embed as embed
    from sentrep.api import embed_corpus as embed_corpus
    from sentrep.api import evaluate as evaluate
    from sentrep.api import expand as expand
    from sentrep.api import generate as generate
    from sentrep.api import generate_as as generate_as
    from sentrep.api import generate_from_prior as generate_from_prior
    from sentrep.api import index as index
    from sentrep.api import interpolate as interpolate
    from sentrep.api import load as load
    from sentrep.api import merge_embedded as merge_embedded
    from sentrep.api import open_index as open_index
    from sentrep.api import parse as parse
    from sentrep.api import reduce as reduce
    from sentrep.api import remove as remove
    from sentrep.api import report as report
    from sentrep.api import search as search
    from sentrep.api import summarize as summarize
    from sentrep.api import terms as terms
    from sentrep.api import train as train
    from sentrep.api import update as update
    from sentrep.baselines.config import WordModelConfig as WordModelConfig
    from sentrep.data.config import CorpusConfig as CorpusConfig
    from sentrep.data.config import TokenizerConfig as TokenizerConfig
    from sentrep.encoders.config import EncoderConfig as EncoderConfig
    from sentrep.inference.units import Units as Units
    from sentrep.methods.configs import *  # noqa: F403 (one configuration per method)
    from sentrep.methods.distill.config import DistillConfig as DistillConfig
    from sentrep.mining.settings import AnomalySettings as AnomalySettings
    from sentrep.mining.settings import ClusterSettings as ClusterSettings
    from sentrep.mining.settings import DuplicateSettings as DuplicateSettings
    from sentrep.mining.settings import TermSettings as TermSettings
    from sentrep.modules.decoding_config import DecodingConfig as DecodingConfig
    from sentrep.pipelines.build.pipeline import build as build
    from sentrep.training.config import TrainingConfig as TrainingConfig
    from sentrep.utils.errors import InputError as InputError
    from sentrep.utils.errors import ReadWarning as ReadWarning

_PLACES, __getattr__ = lazy_exports("sentrep")
__all__ = sorted(_PLACES)
__version__ = "0.1.0"


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])


class _Package(ModuleType):
    """The package; its public functions stay when a module of the same name, such as `sentrep.search`, is
    imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PLACES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
