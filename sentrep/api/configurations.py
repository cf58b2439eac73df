"""The configurations of a training run, from a preset, whole configurations and single settings."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from sentrep.data.config import TOKENIZERS, CorpusConfig, TokenizerConfig
from sentrep.data.corpus import Corpus
from sentrep.encoders.config import EncoderConfig
from sentrep.methods.registry import configured, entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.errors import InputError, at, nearest, opt
from sentrep.utils.settings import checked, route

_TRAIN = (
    "corpus",
    "out",
    "encoder",
    "tokenizer",
    "settings",
    "training",
    "preset",
    "cache",
    "overwrite",
    "strict",
    "wait",
    "deduplicate",
)


def configurations(
    method: str,
    corpus: Corpus,
    encoder: str | Path | EncoderConfig,
    tokenizer: str | Path | TokenizerConfig | None,
    *,
    settings: Any | None,
    training: TrainingConfig | None,
    preset: str | None,
    options: dict[str, Any],
) -> tuple[dict[str, Any], str]:
    """The configurations by what they are of, and the preset; arguments as of `sentrep.train`.

    A single setting comes before a whole configuration, and that before the preset.

    Raises:
        InputError: a setting or the preset does not exist, or has a wrong value.
    """
    presets = entry(method).presets
    whole = [each for each in (settings, training, encoder, tokenizer) if dataclasses.is_dataclass(each)]
    given = options | ({} if tokenizer is None else {"tokenizer": tokenizer})
    kind = encoder.encoder if isinstance(encoder, EncoderConfig) else str(encoder)
    asked = (presets.plain or None) if whole and preset is None else preset
    name = presets.chosen(checked("preset", asked, str | None), kind, given.keys())
    values = presets.settings(name, given.keys())
    usual = values.pop("tokenizer", "bpe")
    targets = {
        "settings": entry(method).config if settings is None else configured(method, settings),
        "training": training or TrainingConfig,
        "encoder": _encoder_config(encoder),
        "tokenizer": _tokenizer_config(usual if tokenizer is None else tokenizer),
        "corpus": corpus if isinstance(corpus, CorpusConfig) else CorpusConfig(()),
    }
    return route(_left_open(values, whole) | options, targets, also=_TRAIN), name


def _left_open(values: dict[str, Any], whole: list[Any]) -> dict[str, Any]:
    """The values of a preset that belong to none of the configurations that are given whole."""
    said = {field.name for config in whole for field in dataclasses.fields(config)}
    return {name: value for name, value in values.items() if name not in said}


def _encoder_config(encoder: str | Path | EncoderConfig) -> EncoderConfig:
    return encoder if isinstance(encoder, EncoderConfig) else EncoderConfig(checked("encoder", encoder, str))


def _tokenizer_config(tokenizer: str | Path | TokenizerConfig) -> TokenizerConfig:
    if isinstance(tokenizer, TokenizerConfig):
        return tokenizer
    config = TokenizerConfig(checked("tokenizer", tokenizer, str))
    if not config.trained and not Path(config.tokenizer).exists():
        hint = nearest(config.tokenizer, TOKENIZERS)
        raise InputError(f"{opt('tokenizer')} {at(config.tokenizer)}: no such file or folder; {hint}")
    return config
