"""The verb train: from text to an encoder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentrep.api.configurations import configurations
from sentrep.api.corpora import as_files
from sentrep.api.mining_training import without_duplicates
from sentrep.api.reading import announce_store
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.corpus import Corpus, cache_folder
from sentrep.encoders.config import SCRATCH, EncoderConfig
from sentrep.inference.names import locate
from sentrep.methods.registry import entry
from sentrep.training.config import TrainingConfig
from sentrep.utils.settings import arguments_checked, check_config, checked

if TYPE_CHECKING:
    from sentrep.training.job import Trained


@arguments_checked
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

    The same call continues an interrupted run; the final weights are bit-identical to those of an
    uninterrupted run.

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
        preset: named values for all settings that are not given: for quick-thought 'similarity', 'general',
            'search', 'short-texts' or 'paper'. If None, the method's default preset for a bag; no preset for
            other encoders, or where a whole configuration is given (`settings`, `training`, an
            `EncoderConfig` or a `TokenizerConfig`).
        cache: where prepared corpora are kept; by default `cache_folder()`.
        overwrite: remove another run that is in `out`.
        strict: raise for anything of the corpus that was skipped or damaged.
        wait: if another process writes the run or the prepared corpus, wait for it instead of raising an
            error.
        deduplicate: leave out documents that are exact or near-duplicates of others; a warning counts them.
        options: any field of the configurations of method, training, encoder, tokenizer and corpus, such as
            ``epochs=1, lr=1e-3, window=2``.

    Returns:
        The run; ``trained.encoder`` is the encoder, ``trained.report`` says what was read and skipped.

    Raises:
        InputError: the corpus cannot be used, a setting does not exist or has a wrong value, a library that
            it needs is not installed, or `out` holds another run.

    Example:
        >>> trained = sentrep.train("cpc", corpus="texts", out="runs/cpc", width=16, steps=2)
        >>> trained.encoder.encode(["The ship left."]).shape
        (1, 16)
    """
    registered = entry(checked("method", method, str))
    place = checked("out", out, Path)
    found, name = configurations(
        method, corpus, encoder, tokenizer, settings=settings, training=training, preset=preset,
        options=options,
    )  # fmt: skip
    kept = checked("cache", cache, Path | None) or cache_folder()
    source = as_files(corpus, found["corpus"])
    if deduplicate:
        source = without_duplicates(source, kept)
    chosen = _located(check_config(found["encoder"]), source)

    from sentrep.baselines.warm_start import check_installed, warm_rows
    from sentrep.training.job import run_job
    from sentrep.training.job_settings import Job

    check_installed(chosen)
    settings, words, length = (check_config(found[part]) for part in ("settings", "tokenizer", "training"))
    job = Job(method, settings, source, words, chosen, length, name)
    return run_job(
        job, registered.load(), registered.defaults, place, kept, overwrite, wait=wait,
        on_read=partial(announce_store, strict=strict), first_rows=warm_rows,
    )  # fmt: skip


def _located(encoder: EncoderConfig, corpus: CorpusConfig) -> EncoderConfig:
    """The encoder, with the place of the model that is trained further."""
    if encoder.scratch:
        return encoder
    return replace(encoder, encoder=locate(encoder.encoder, SCRATCH, hub=corpus.hub, setting="encoder").path)
