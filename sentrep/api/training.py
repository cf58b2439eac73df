"""The verbs that make models: train, baseline, combine, expand.

The file is over 250 lines long because the verbs share the routing of keywords to settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.configurations import configurations
from sentrep.api.mining_training import without_duplicates
from sentrep.api.reading import announce_store, watched
from sentrep.baselines.config import VOCABULARY, WordModelConfig, WordModelName, check_name
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.corpus import Corpus, cache_folder, corpus_config, sentences, unused
from sentrep.data.inputs import texts_of
from sentrep.data.reading.report import ReadReport
from sentrep.data.reading.source import check_names
from sentrep.encoders.config import MOST_WORDS_ADDED, SCRATCH, EncoderConfig
from sentrep.inference.loading import load, opened
from sentrep.inference.names import locate
from sentrep.methods.registry import entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.arguments import paths_of
from sentrep.utils.errors import InputError
from sentrep.utils.progress import progress
from sentrep.utils.settings import check_config, checked, route

if TYPE_CHECKING:
    from sentrep.data.store.store import Store
    from sentrep.encoders.expansion import Expanded
    from sentrep.encoders.serialization import Encoder
    from sentrep.evaluation.task import Model
    from sentrep.training.job import Trained


def train(
    method: str = "quick-thought",
    *,
    corpus: Corpus,
    out: str | Path,
    encoder: str | Path | EncoderConfig = "bag",
    tokenizer: str | Path | TokenizerConfig | None = None,
    settings: Any | None = None,
    training: TrainingConfig | None = None,
    preset: str | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
    wait: bool = False,
    deduplicate: bool = False,
    **options: Any,
) -> Trained:
    """Train an encoder on raw text; it is saved to ``out/model``.

    Called again with the same arguments, it goes on where an interrupted run stopped, to the same weights bit
    by bit.

    Args:
        method: a name in `sentrep.methods.registry.METHODS`.
        corpus: files, folders, '-' or the name of a data set; or texts, documents (lists of sentences or
            dictionaries), a data frame or a data set, with the text in the column ``text_field``.
        out: the run's folder.
        encoder: a kind ('bag', 'gru', 'lstm', 'conv', 'transformer'), the path or name of a model, or an
            `EncoderConfig`.
        tokenizer: a kind ('bpe', 'unigram', 'word', 'spaces'), a path, or a `TokenizerConfig`; that of the
            preset, or 'bpe', if None.
        settings: the method's configuration, such as `QuickThoughtConfig`; its defaults if None.
        training: how long and how fast; see `TrainingConfig`.
        preset: named values for all settings that are not given: for quick-thought 'similarity', 'search',
            'short-texts' or 'paper'. If None, the method's default preset for a bag; no preset for other
            encoders, or where a whole configuration is given (`settings`, `training`, an `EncoderConfig` or a
            `TokenizerConfig`).
        cache: where prepared corpora are kept; by default `cache_folder()`.
        overwrite: remove another run that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        wait: wait for another process that writes the run or the prepared corpus, instead of refusing.
        deduplicate: leave out documents that are exact or near-duplicates of others; a warning counts them.
        options: any field of the configurations of method, training, encoder, tokenizer and corpus, such as
            ``epochs=1, lr=1e-3, window=2``.

    Returns:
        The run; ``trained.encoder`` is the encoder, ``trained.report`` says what was read and skipped.

    Raises:
        InputError: the corpus cannot be used, a setting does not exist or has a wrong value, or `out` holds
            another run.

    Example:
        >>> trained = sentrep.train("cpc", corpus="books/", out="runs/cpc", epochs=1)  # doctest: +SKIP
        >>> trained.encoder.encode(["A sentence."]).shape  # doctest: +SKIP
        (1, 512)
    """
    registered = entry(checked("method", method, str))
    place = checked("out", out, Path)
    found, name = configurations(
        method,
        corpus,
        encoder,
        tokenizer,
        settings=settings,
        training=training,
        preset=preset,
        options=options,
    )
    kept = checked("cache", cache, Path | None) or cache_folder()
    source = _source(corpus, found["corpus"])
    if deduplicate:
        source = without_duplicates(source, kept)
    chosen = _located(check_config(found["encoder"]), source)

    from sentrep.baselines.warm_start import warm_rows
    from sentrep.training.job import Job, run_job

    job = Job(
        method,
        check_config(found["settings"]),
        source,
        check_config(found["tokenizer"]),
        chosen,
        check_config(found["training"]),
        name,
    )
    on_read = partial(announce_store, strict=strict)
    return run_job(
        job,
        registered.load(),
        registered.defaults,
        place,
        kept,
        overwrite,
        wait=wait,
        on_read=on_read,
        first_rows=warm_rows,
    )


def _source(corpus: Corpus, config: CorpusConfig) -> CorpusConfig:
    """The corpus as files, with the fields of `config`, after its names were checked."""
    fields = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    del fields["corpus"]
    source: CorpusConfig = check_config(corpus_config(corpus, **fields))
    check_names(source)
    return source


def _located(encoder: EncoderConfig, corpus: CorpusConfig) -> EncoderConfig:
    """The encoder, with the place of the model that is trained further."""
    if encoder.scratch:
        return encoder
    return replace(encoder, encoder=locate(encoder.encoder, SCRATCH, hub=corpus.hub, setting="encoder").path)


def baseline(
    name: WordModelName,
    corpus: Corpus,
    out: str | Path,
    *,
    settings: WordModelConfig | None = None,
    cache: str | Path | None = None,
    overwrite: bool = False,
    strict: bool = False,
    **options: Any,
) -> Encoder:
    """Fit a model of words to a corpus and save it to `out`: what a trained encoder is compared with.

    Args:
        name: 'untrained', 'untrained-weighted', 'hashing', 'word2vec', 'fasttext', 'sif', 'sif-fasttext' or
            'lsa' or 'collection'; see `sentrep.baselines.fit`.
        corpus: what to read; without labels, as for `train`.
        out: folder of the model.
        settings: how it is fitted.
        cache: where prepared corpora are kept; by default `cache_folder()`.
        overwrite: replace another model that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        options: any field of `WordModelConfig` or `CorpusConfig`, such as ``width=40``.

    Returns:
        The model, a `SentenceTransformer`.
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


def doc2vec(
    corpus: Corpus,
    settings: WordModelConfig | None = None,
    cache: str | Path | None = None,
    strict: bool = False,
    **options: Any,
) -> Model:
    """Fit Doc2Vec to a corpus: a baseline to `evaluate` that lives in memory only, since the vector of each
    text has to be learnt.

    Arguments as of `baseline`.
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
    source = _source(corpus, found["corpus"])

    def prepared() -> Store:
        from sentrep.data.store.store import prepare

        words = TokenizerConfig("word", vocab=vocabulary)
        store = prepare(source, words, Path(cache or cache_folder()))
        announce_store(store, strict)
        return store

    return prepared, check_config(found["settings"])


def combine(
    models: Sequence[str | Path | Encoder], out: str | Path, *, offline: bool = False, hub: bool = False
) -> Encoder:
    """Put encoders side by side in one: their vectors are normalised one by one, then concatenated
    (multi-channel quick-thought).

    Args:
        models: paths, names or encoders, 2 or more.
        out: folder of the combined model.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.
    """
    models = [models] if isinstance(models, str | Path) else list(models)
    if len(models) < 2:
        raise InputError(f"combining takes 2 models or more, not {len(models)}", setting="models")
    place = unused(checked("out", out, Path), "combined model")
    named = [locate(each, hub=hub).path if isinstance(each, str | Path) else each for each in models]

    from sentrep.encoders import serialization as folder
    from sentrep.encoders.concat import Concatenation

    channels = [opened(model, offline, hub) for model in named]
    folder.save(folder.Encoder(modules=[Concatenation(channels)]), place)
    return load(place)


def expand(
    model: str | Path | Encoder,
    vectors: str | Path,
    out: str | Path | None = None,
    *,
    limit: int = MOST_WORDS_ADDED,
    words_of: Corpus | None = None,
    texts: Iterable[str] | None = None,
    strict: bool = False,
    offline: bool = False,
    hub: bool = False,
) -> Expanded:
    """Add words to a model's vocabulary, by a linear map from word vectors into its token table.

    What is saved stays float32: half precision would change the vectors of text that was known before.

    Args:
        model: a bag, GRU or LSTM with a vocabulary of whole words (tokenizer 'word'), or several of them
            combined.
        vectors: word2vec, GloVe or fastText as text, word2vec's .bin, either with .gz; or the folder of
            another model.
        out: folder of the expanded model; None leaves it in memory.
        limit: how many words are added at most, in the order of `vectors`, which put frequent words first.
        words_of: add only words that occur in this corpus.
        texts: add only words that occur in these (or in `words_of`, where both are given).
        strict: raise for anything of `words_of` that was skipped or damaged.
        offline: never use the network.
        hub: look for names without an owner on the hub, too.

    Returns:
        The new encoder, and for each of its token tables how many words were shared and added, and the map's
        R² on words that were held out.

    Raises:
        InputError: the vocabulary is not one of words, too few of them are shared, `vectors` cannot be read,
            or `out` is taken.

    Reference:
        Kiros et al., Skip-Thought Vectors, NIPS 2015, section 2.2.
    """
    place = None if out is None else unused(checked("out", out, Path), "expanded model")
    wanted = None if texts is None else texts_of(texts)
    source = None if words_of is None else corpus_config(words_of, name="words_of")
    if source is not None:
        check_names(source)
    encoder = opened(model, offline, hub)

    from sentrep.encoders import expansion
    from sentrep.encoders import serialization as folder

    words = None
    if source is not None or wanted is not None:
        words = expansion.words_in(encoder, chain(_read(source, strict), wanted or ()))
    expanded = expansion.expand(encoder, Path(paths_of(vectors, "vectors")[0]), words, limit)
    if place is not None:
        folder.save(expanded.encoder, place)
    return expanded


def _read(source: CorpusConfig | None, strict: bool) -> Iterable[str]:
    if source is None:
        return ()
    report = ReadReport()
    pairs = watched(sentences(source, report), report, strict)
    return progress((sentence for _, sentence in pairs), "collecting words")
