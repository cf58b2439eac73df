"""Whatever a user gave as a corpus, with settings of reading, as a checked `CorpusConfig`."""

from __future__ import annotations

import dataclasses
from typing import Any

from sentrep.data.config import CorpusConfig
from sentrep.data.corpus import Corpus, corpus_config
from sentrep.data.reading.source import check_names
from sentrep.utils.settings import check_config, route


def corpus_source(corpus: Corpus, fields: dict[str, Any], name: str = "corpus", **given: Any) -> CorpusConfig:
    """A corpus with single fields of `CorpusConfig`, after their types and its names were checked.

    Where the corpus is a `CorpusConfig`, the fields given here count, and of all others its own.

    Args:
        corpus: what a user gave.
        fields: settings by name.
        name: of the argument, for messages.
        given: further settings that count where they are true.
    """
    wanted = {**fields, **{setting: value for setting, value in given.items() if value}}
    found = route(wanted, {"corpus": CorpusConfig(())})["corpus"]
    chosen = {setting: getattr(found, setting) for setting in wanted}
    config = corpus_config(corpus, name=name, **chosen)
    check_names(config)
    return config


def as_files(corpus: Corpus, config: CorpusConfig) -> CorpusConfig:
    """A corpus with all fields of a whole `CorpusConfig`, after their types and its names were checked.

    Where the corpus is a `CorpusConfig` itself, every field of `config` replaces its own.

    Args:
        corpus: what a user gave.
        config: all settings; its files do not count.
    """
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    del fields["corpus"]
    source: CorpusConfig = check_config(corpus_config(corpus, **fields))
    check_names(source)
    return source
