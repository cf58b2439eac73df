"""Runs a training job: prepares the corpus, builds encoder and method, trains, and exports.

The file is over 250 lines long because a job is one sequence of steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sentrep.data.batch import SentenceBatches
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.reading.report import ReadReport
from sentrep.data.store.store import Store, prepare
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import MakeEncoder, Method
from sentrep.methods.capabilities import HasDecoders, HasLikelihood, HasSummarizer, HasTrees
from sentrep.methods.defaults import MethodDefaults
from sentrep.training.accelerator import accelerator_for
from sentrep.training.config import TrainingConfig
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.training.defaults import detect, resolve
from sentrep.training.kept_out import save_kept_out
from sentrep.training.method_state import load_learnt, save_learnt
from sentrep.training.run_folder import RunFolder
from sentrep.training.trainer import Outcome, train
from sentrep.training.usability import check_corpus
from sentrep.training.validation import Validation
from sentrep.utils.errors import InputError, opt
from sentrep.utils.locks import writer


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


ORDERED = (HasDecoders, HasSummarizer, HasTrees, HasLikelihood)
"""Capabilities of methods that need tokens which stand one behind the other and do not overlap."""

FirstRows = Callable[[Store, EncoderConfig, int, Path], NDArray[np.float32]]
"""(prepared corpus, encoder, seed, folder of prepared corpora) to the rows that a bag begins with,
(vocab, width); zeros for tokens that have none."""


@dataclass(frozen=True)
class Trained:
    """A finished run."""

    run: RunFolder
    store: Store
    outcome: Outcome

    @property
    def model(self) -> Path:
        """The folder of the encoder."""
        return self.run.model

    @cached_property
    def encoder(self) -> folder.Encoder:
        """The trained encoder, a `SentenceTransformer`; loaded at the first access.

        Raises:
            InputError: the run was interrupted, so there is no encoder yet.
        """
        if not self.model.is_dir():
            raise InputError(f"{self.run.path} was interrupted; repeat the training to continue it")
        return folder.load(self.model)

    @property
    def report(self) -> ReadReport:
        """Which parts of the corpus were read and skipped."""
        return ReadReport.from_dict(self.store.report)


def run_job(
    job: Job,
    method_class: type[Method],
    defaults: MethodDefaults,
    out: Path,
    cache: Path,
    overwrite: bool = False,
    *,
    wait: bool = False,
    on_read: Callable[[Store], None] = lambda store: None,
    first_rows: FirstRows | None = None,
) -> Trained:
    """Prepares the corpus, trains, and saves the encoder to ``out/model``. An interrupted run is
    continued.

    Args:
        job: settings of the run.
        method_class: class of the method.
        defaults: the method's values of settings that `job` leaves open.
        out: folder of the run.
        cache: folder of prepared corpora, which are reused.
        overwrite: whether a run in `out` is removed.
        wait: whether to wait for another process that writes the run or the prepared corpus, instead of
            raising an error.
        on_read: called with the prepared corpus before training begins.
        first_rows: fits the rows that a bag begins with, where `warm_start` asks for some.

    Raises:
        InputError: settings contradict each other, the corpus cannot be used, `out` holds another run or
            is being written, or the disk is full.
    """
    with writer(out, "train", wait=wait) if _first_process() else nullcontext():
        return _run_job(
            resolved_job(job, method_class, defaults),
            method_class,
            out,
            cache,
            overwrite,
            wait,
            on_read,
            first_rows,
        )


def resolved_job(job: Job, method_class: type[Method], defaults: MethodDefaults) -> Job:
    """Returns the job with every open setting filled in, as ``run.json`` records it."""
    hardware = detect(job.training.device)
    encoder, training = resolve(job.method, defaults, job.encoder, job.training, hardware)
    pairs = job.tokenizer.pairs and encoder.encoder == "bag" and not issubclass(method_class, ORDERED)
    return replace(job, tokenizer=replace(job.tokenizer, pairs=pairs), encoder=encoder, training=training)


def _first_process() -> bool:
    """Whether this is the process, of several (torchrun), that writes."""
    return os.environ.get("RANK", "0") == "0"


def _run_job(
    job: Job,
    method_class: type[Method],
    out: Path,
    cache: Path,
    overwrite: bool,
    wait: bool,
    on_read: Callable[[Store], None],
    first_rows: FirstRows | None,
) -> Trained:
    config, run, phases = job.training, RunFolder(out), len(method_class.phases)
    assert config.batch_size is not None
    assert config.lr is not None
    if config.choose_by == "loss" and phases > 1:
        raise InputError(
            f"{opt('choose_by')} loss: a method of several phases has several losses; give "
            "neighbour-mrr or last"
        )
    accelerator = accelerator_for(config, phases, run.logs, bf16=config.precision == "bf16")
    if config.batch_size // min(config.segment_length, config.batch_size) < accelerator.num_processes:
        raise InputError(
            f"{opt('batch_size')} {config.batch_size} holds fewer segments of {config.segment_length} "
            f"sentences than there are processes; lower {opt('segment_length')}"
        )
    on_cpu = accelerator.device.type == "cpu"
    settle_cpu(config.threads, alone=on_cpu)
    existing = None if job.encoder.scratch else folder.load(job.encoder.encoder, offline=job.corpus.offline)
    with accelerator.main_process_first():
        tokenizer = job.tokenizer if existing is None else Tokenizer(inner_tokenizer(existing))
        store = prepare(
            job.corpus, tokenizer, cache, job.tokenizer.max_tokens, wait=wait, keep_out=config.keep_out
        )
    if accelerator.is_main_process:
        on_read(store)
        recorded = {"fingerprint": store.fingerprint, "kept_out": store.header.get("kept_out")}
        run.open({**asdict(job), **recorded}, overwrite)
        if store.kept_out is not None:
            save_kept_out(run.path, store.kept_out, store.token_counts())
    accelerator.wait_for_everyone()

    rows = None
    if job.encoder.warm_start != "none" and config.start is None:
        if first_rows is None:
            raise InputError(
                f"{opt('warm_start')} {job.encoder.warm_start}: nothing is given to fit rows with"
            )
        with accelerator.main_process_first():
            rows = torch.from_numpy(first_rows(store, job.encoder, config.seed, cache))
    make: Callable[[Any, MakeEncoder, int], Method] = method_class
    torch.manual_seed(config.seed)
    counts, inner = store.token_counts(), store.tokenizer.inner
    method = make(
        job.settings,
        lambda: with_rows(build(job.encoder, inner, counts, job.tokenizer.max_tokens), rows),
        config.token_budget,
    )
    if config.start is not None:
        load_learnt(method, config.start, method_class.reinitialised)
    # Weights are equal in all processes; dropout differs.
    torch.manual_seed(config.seed + accelerator.process_index)

    # A run without steps reads no batch: it is the encoder that training would begin with.
    document_length = 1 if config.steps == 0 else method.usability.document_length

    def batches(part: Any) -> SentenceBatches:
        spans = store.spans(part, config.validation, config.seed)
        return SentenceBatches(
            store.ids,
            store.offsets,
            spans,
            config.batch_size or 0,
            config.segment_length,
            config.seed,
            document_length,
        )

    if config.steps != 0:
        check_corpus(store.spans("train", config.validation, config.seed), method.usability)
    trained_on, validation = batches("train"), None
    try:
        if config.validation:
            validation = Validation(batches("valid"), accelerator.process_index, accelerator.num_processes)
    except InputError as error:
        raise InputError(
            "what is held out for validation is too little: raise it, or give "
            f"{opt('validation')} 0 ({error})"
        ) from error
    with kept_memory() if on_cpu else nullcontext():
        outcome = train(method, trained_on, validation, config, config.lr, run, accelerator)
    if accelerator.is_main_process and outcome.ended != "interrupted":
        export(method, run)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return Trained(run, store, outcome)


def with_rows(encoder: folder.Encoder, rows: torch.Tensor | None) -> folder.Encoder:
    """Puts rows, (vocab, width), into the token table of an encoder; rows of zeros leave what is there."""
    if rows is not None:
        table = token_table(encoder).weight.data
        known = rows.any(dim=1)
        table[known] = rows[known].to(table.dtype)
    return encoder


def export(method: Method, run: RunFolder) -> None:
    """Saves the encoder to model/, and the other weights of the method to method/."""
    method.cpu()
    folder.save(method.encoder(), run.model)
    folder.link(run.model, run.path)
    save_learnt(method, run.path)
