"""The verbs baseline and doc2vec: models of words, with which a trained encoder is compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.corpora import as_files
from sentrep.api.reading import announce_store
from sentrep.baselines.config import VOCABULARY, WordModelConfig, check_name
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.corpus import Corpus, cache_folder, unused
from sentrep.inference.loading import load
from sentrep.utils.settings import arguments_checked, check_config, checked, route

if TYPE_CHECKING:
    from sentrep.data.store.store import Store
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.task import Model


@arguments_checked
def baseline(
    name: str,
    corpus: Corpus,
    out: str | Path,
    *,
    settings: WordModelConfig | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
    **options: Any,
) -> Encoder:
    """Fit a baseline to a corpus and save it to `out`, for comparison with a trained encoder.

    Args:
        name: 'untrained', 'untrained-weighted', 'hashing', 'word2vec', 'fasttext', 'sif', 'sif-fasttext',
            'lsa', 'nmf' or 'collection'; see `sentrep.baselines.fit`.
        corpus: what to read; without labels, as for `train`.
        out: folder of the model.
        settings: how it is fitted.
        cache: where prepared corpora are kept; by default `cache_folder()`.
        overwrite: replace another model that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        options: any field of `WordModelConfig` or `CorpusConfig`, such as ``width=40``.

    Returns:
        The model, a `SentenceTransformer`.

    Raises:
        InputError: there is no such baseline, the corpus cannot be used or has too little text, a setting
            does not exist or has a wrong value, a library that it needs is not installed, or `out` holds
            something else.

    Example:
        >>> model = sentrep.baseline("lsa", "texts", "runs/lsa", width=8)
        >>> model.encode("The ship left.").shape
        (8,)
    """
    check_name(name)
    vocabulary = VOCABULARY if name == "collection" else TokenizerConfig().vocab
    place = checked("out", out, Path)
    store, config = _words(corpus, settings, cache, strict, options, vocabulary)
    if not overwrite:
        unused(place, "baseline")

    from sentrep.baselines.fit import fit
    from sentrep.encoders import serialization as folder

    folder.save(fit(name, store(), config), place)
    return load(place)


@arguments_checked
def doc2vec(
    corpus: Corpus,
    settings: WordModelConfig | None = None,
    cache: str | Path | None = None,
    strict: bool = False,
    **options: Any,
) -> Model:
    """Fit Doc2Vec to a corpus, as a baseline for `evaluate`.

    It is not saved: the vector of a new text is found by gradient descent, so it is no `SentenceTransformer`.

    Args:
        corpus: what to read; without labels, as for `train`.
        settings: how it is fitted.
        cache: where prepared corpora are kept; by default `cache_folder()`.
        strict: raise for anything of the corpus that was skipped or damaged.
        options: any field of `WordModelConfig` or `CorpusConfig`, such as ``width=40``.

    Returns:
        The model, in memory only.

    Raises:
        InputError: gensim is not installed, the corpus cannot be used or has too little text, or a setting
            does not exist or has a wrong value.

    Example:
        >>> model = sentrep.api.doc2vec("texts", width=8)  # doctest: +SKIP
        >>> done = sentrep.evaluate(model, heldout="texts")  # doctest: +SKIP
    """
    from sentrep.baselines.doc2vec import doc2vec as fit

    store, config = _words(corpus, settings, cache, strict, options)
    return fit(store(), config)


def _words(
    corpus: Corpus,
    settings: WordModelConfig | None,
    cache: str | Path | None,
    strict: bool,
    options: dict[str, Any],
    vocabulary: int = TokenizerConfig().vocab,
) -> tuple[Any, WordModelConfig]:
    """What prepares a corpus for models of words, and how they are fitted."""
    config = corpus if isinstance(corpus, CorpusConfig) else CorpusConfig(())
    found = route(options, {"settings": settings or WordModelConfig, "corpus": config})
    source = as_files(corpus, found["corpus"])

    def prepared() -> Store:
        from sentrep.data.store.store import prepare

        words = TokenizerConfig("word", vocab=vocabulary)
        store = prepare(source, words, Path(cache or cache_folder()))
        announce_store(store, strict)
        return store

    return prepared, check_config(found["settings"])
