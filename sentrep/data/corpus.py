"""Whatever names a corpus, and where prepared ones are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from sentrep.data.config import CorpusConfig
from sentrep.data.reading.report import ReadReport
from sentrep.utils.errors import InputError

Corpus = str | Path | Sequence[str | Path] | CorpusConfig
"""Files, folders, '-' or the name of a data set; or all of it in a CorpusConfig."""


def corpus_config(corpus: Corpus) -> CorpusConfig:
    """Whatever names a corpus, as a CorpusConfig."""
    if isinstance(corpus, CorpusConfig):
        return corpus
    return CorpusConfig(
        (str(corpus),) if isinstance(corpus, str | Path) else tuple(str(part) for part in corpus)
    )


def sentences(corpus: Corpus, report: ReadReport | None = None) -> Iterator[tuple[str, str]]:
    """Every sentence of a corpus with an id: its document's, and its number in it. `report` counts what was
    read and skipped."""
    from sentrep.data.store.store import read_documents

    for document in read_documents(corpus_config(corpus), report=report):
        for number, sentence in enumerate(document.sentences, start=1):
            yield f"{document.id}#{number}", sentence


def cache_folder() -> Path:
    """Where prepared corpora are kept: $SENTREP_CACHE, or sentrep/ in $XDG_CACHE_HOME, or
    ~/.cache/sentrep."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SENTREP_CACHE") or Path(home) / "sentrep")


def unused(out: Path, what: str) -> Path:
    """`out`, if nothing lies there that would be overwritten."""
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not empty; give another folder for the {what}")
    return out
