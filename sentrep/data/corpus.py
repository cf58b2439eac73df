"""A corpus, given by name or in memory, and the folder of prepared corpora."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sentrep.data.config import CorpusConfig
from sentrep.data.inputs import kept_as_file, records_of
from sentrep.data.reading.report import ReadReport
from sentrep.utils.arguments import near_path, paths_of
from sentrep.utils.errors import InputError, at, opt
from sentrep.utils.files import expanded
from sentrep.utils.hub import is_hub_name

Corpus = str | Path | Sequence[str | Path] | CorpusConfig | Any
"""Files, folders, '-' or the name of a data set; or all of it in a CorpusConfig. From Python also texts,
documents (lists of sentences or dictionaries), a data frame or a data set."""


def corpus_config(
    corpus: Corpus, cache: Path | None = None, name: str = "corpus", **fields: Any
) -> CorpusConfig:
    """A corpus, given by name or in memory, as a CorpusConfig.

    A list of strings holds paths if all of them exist, and texts if none does and some contain white space.
    Texts and documents in memory are written to the folder `cache` first, under a name made of their content.
    Of dictionaries and tables the same further fields are kept as of JSON lines.

    Args:
        corpus: a path, paths, a `CorpusConfig`, or documents in memory.
        cache: where documents in memory are written; by default texts/ in `cache_folder()`.
        name: of the argument, for messages.
        fields: fields of `CorpusConfig` that are set, such as ``text_field="body"``.

    Raises:
        InputError: a path does not exist, or strings may be paths as well as texts.

    >>> corpus_config(CorpusConfig(("books",)), split="lines").split
    'lines'
    """
    if isinstance(corpus, CorpusConfig):
        return replace(corpus, **fields)
    if isinstance(corpus, str | os.PathLike):
        return CorpusConfig((str(corpus),), **fields)
    if (
        isinstance(corpus, list | tuple)
        and corpus
        and all(isinstance(each, str | os.PathLike) for each in corpus)
    ):
        if _are_paths(corpus, name):
            return CorpusConfig(tuple(paths_of(corpus, name)), **fields)
    elif isinstance(corpus, list | tuple) and not corpus:
        raise InputError(f"{opt(name)} is an empty list; give files, folders or texts")
    config = CorpusConfig((), **fields)
    records = records_of(corpus, config.text_field, name)
    file = kept_as_file(records, cache or texts_folder(), config.fields, further=True)
    return replace(config, corpus=(str(file),))


def sentences(corpus: Corpus, report: ReadReport | None = None) -> Iterator[tuple[str, str]]:
    """Read the sentences of a corpus, one at a time.

    Args:
        corpus: files, folders, '-' or the name of a data set; or documents in memory.
        report: counts what was read and skipped.

    Yields:
        The id of the sentence, which is that of its document with ``#`` and a number, and its text.

    Raises:
        InputError: the corpus cannot be read.

    Example:
        >>> from sentrep.api import sentences
        >>> next(sentences("texts/sea00.txt"))[1].endswith("the sea.")
        True
    """
    from sentrep.data.documents import read_sentences

    for sentence in read_sentences(corpus_config(corpus), report):
        yield f"{sentence.document}#{sentence.number}", sentence.text


def texts_folder() -> Path:
    """Where documents in memory are written."""
    return cache_folder() / "texts"


def cache_folder() -> Path:
    """Where prepared corpora are kept: $SENTREP_CACHE, or sentrep/ in $XDG_CACHE_HOME, or
    ~/.cache/sentrep."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SENTREP_CACHE") or Path(home) / "sentrep")


def unused(out: Path, what: str) -> Path:
    """`out`, if nothing lies there that would be overwritten."""
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise InputError(f"{at(out)} exists and is not empty; give another folder for the {what}")
    return out


def _are_paths(names: Sequence[str | Path], name: str) -> bool:
    """Whether strings name files and data sets (True) or are texts (False)."""
    missing = [str(each) for each in names if not _names_a_source(each)]
    if not missing:
        return True
    if len(missing) == len(names) and any(re.search(r"\s", text.strip()) for text in missing):
        return False
    first = missing[0]
    near = near_path(first) if len(first) < 256 else None
    hint = f"did you mean {near!r}? " if near else ""
    raise InputError(
        f"{opt(name)}: {first[:80]!r} is no file or folder, and it cannot be told whether these "
        f"{len(names)} strings are "
        f"paths or texts. {hint}Give paths that exist; or give texts as a list of lists of sentences"
    )


def _names_a_source(name: str | Path) -> bool:
    text = str(name)
    if isinstance(name, os.PathLike) or text == "-":
        return True
    try:
        if expanded(text).exists():
            return True
    except (OSError, ValueError, RuntimeError):  # too long for a path, or with a NUL character
        return False
    return is_hub_name(text) and not Path(text).suffix
