"""The settings of a training job, and those that are open filled in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.base import Method
from sentrep.methods.capabilities import HasDecoders, HasLikelihood, HasSummarizer, HasTrees
from sentrep.methods.defaults import MethodDefaults
from sentrep.training.config import TrainingConfig
from sentrep.training.defaults import detect, resolve

ORDERED = (HasDecoders, HasSummarizer, HasTrees, HasLikelihood)
"""Capabilities of methods that need tokens which stand one behind the other and do not overlap."""


@dataclass(frozen=True)
class Job:
    """All settings of a run; two equal jobs give equal weights."""

    method: str
    settings: Any
    """Settings of the method."""
    corpus: CorpusConfig
    tokenizer: TokenizerConfig
    encoder: EncoderConfig
    training: TrainingConfig
    preset: str = ""
    """Name of the preset that some of the settings are from."""


def resolved_job(job: Job, method_class: type[Method], defaults: MethodDefaults) -> Job:
    """Returns the job with every open setting filled in, as ``run.json`` records it."""
    hardware = detect(job.training.device)
    encoder, training = resolve(job.method, defaults, job.encoder, job.training, hardware)
    pairs = job.tokenizer.pairs and encoder.encoder == "bag" and not issubclass(method_class, ORDERED)
    return replace(job, tokenizer=replace(job.tokenizer, pairs=pairs), encoder=encoder, training=training)
