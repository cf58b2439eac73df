"""What a run needs before its loop begins: processes, the prepared corpus, the method and the batches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from sentrep.data.batch import SentenceBatches
from sentrep.data.store.store import Store, prepare
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.token_table import inner_tokenizer, token_table
from sentrep.methods.base import MakeEncoder, Method, Usability
from sentrep.training.accelerator import accelerator_for
from sentrep.training.config import TrainingConfig
from sentrep.training.job_settings import Job
from sentrep.training.method_state import load_method_state
from sentrep.training.usability import check_corpus
from sentrep.training.validation import Validation
from sentrep.utils.errors import InputError, opt

if TYPE_CHECKING:
    from accelerate import Accelerator

FirstRows = Callable[[Store, EncoderConfig, int, Path], NDArray[np.float32]]
"""(prepared corpus, encoder, seed, folder of prepared corpora) to the rows that a bag begins with,
(vocab, width); zeros for tokens that have none."""


def make_accelerator(config: TrainingConfig, phases: int, logs: Path) -> Accelerator:
    """Returns the accelerator of a run.

    Args:
        config: settings of training, none of them open.
        phases: of the method.
        logs: where trackers write.

    Raises:
        InputError: settings contradict the number of phases or of processes, or something that they ask for
            is not available.
    """
    assert config.batch_size is not None
    if config.choose_by == "loss" and phases > 1:
        raise InputError(
            f"{opt('choose_by')} loss: a method of several phases has several losses; give "
            "neighbour-mrr or last"
        )
    accelerator = accelerator_for(config, phases, logs, bf16=config.precision == "bf16")
    if config.batch_size // min(config.segment_length, config.batch_size) < accelerator.num_processes:
        raise InputError(
            f"{opt('batch_size')} {config.batch_size} holds fewer segments of {config.segment_length} "
            f"sentences than there are processes; lower {opt('segment_length')}"
        )
    return accelerator


def prepare_corpus(job: Job, cache: Path, wait: bool, accelerator: Accelerator) -> Store:
    """Returns the prepared corpus; the main process prepares it, and the others open it."""
    encoder = job.encoder
    existing = None if encoder.scratch else folder.load(encoder.encoder, offline=job.corpus.offline)
    with accelerator.main_process_first():
        tokenizer = job.tokenizer if existing is None else Tokenizer(inner_tokenizer(existing))
        longest, keep_out = job.tokenizer.max_tokens, job.training.keep_out
        return prepare(job.corpus, tokenizer, cache, longest, wait=wait, keep_out=keep_out)


def fit_first_rows(
    job: Job, store: Store, cache: Path, first_rows: FirstRows | None, accelerator: Accelerator
) -> torch.Tensor | None:
    """Returns the rows, (vocab, width), that a bag begins with; None where `warm_start` asks for none.

    Raises:
        InputError: `warm_start` asks for rows, and nothing is given to fit them with.
    """
    warm_start = job.encoder.warm_start
    if warm_start == "none" or job.training.start is not None:
        return None
    if first_rows is None:
        raise InputError(f"{opt('warm_start')} {warm_start}: nothing is given to fit rows with")
    with accelerator.main_process_first():
        return torch.from_numpy(first_rows(store, job.encoder, job.training.seed, cache))


def make_method(job: Job, method_class: type[Method], store: Store, rows: torch.Tensor | None) -> Method:
    """Returns the method as training begins with it; random weights follow from the seed of the run.

    Args:
        job: settings of the run.
        method_class: class of the method.
        store: the prepared corpus, for its vocabulary.
        rows: of the token table, (vocab, width); None for random ones.
    """
    config = job.training
    make: Callable[[Any, MakeEncoder, int], Method] = method_class
    counts, inner = store.token_counts(), store.tokenizer.inner
    torch.manual_seed(config.seed)
    method = make(
        job.settings,
        lambda: with_rows(build(job.encoder, inner, counts, job.tokenizer.max_tokens), rows),
        config.token_budget,
    )
    if config.start is not None:
        load_method_state(method, config.start, method_class.reinitialised)
    return method


def with_rows(encoder: folder.Encoder, rows: torch.Tensor | None) -> folder.Encoder:
    """Puts rows, (vocab, width), into the token table of an encoder; rows of zeros leave what is there."""
    if rows is not None:
        table = token_table(encoder).weight.data
        known = rows.any(dim=1)
        table[known] = rows[known].to(table.dtype)
    return encoder


def make_batches(
    store: Store, config: TrainingConfig, usability: Usability, accelerator: Accelerator
) -> tuple[SentenceBatches, Validation | None]:
    """Returns the batches to train on, and those that are held out; None where nothing is held out.

    Raises:
        InputError: the corpus is too small for the method, or what is held out is.
    """
    # A run without steps reads no batch: it is the encoder that training would begin with.
    document_length = 1 if config.steps == 0 else usability.document_length

    def batches(part: Literal["train", "valid"]) -> SentenceBatches:
        spans = store.spans(part, config.validation, config.seed)
        size, length = config.batch_size or 0, config.segment_length
        return SentenceBatches(store.ids, store.offsets, spans, size, length, config.seed, document_length)

    if config.steps != 0:
        check_corpus(store.spans("train", config.validation, config.seed), usability)
    trained_on = batches("train")
    if not config.validation:
        return trained_on, None
    if not len(store.spans("valid", config.validation, config.seed)):
        raise InputError(
            f"{opt('validation')} {config.validation}: the corpus is too small to hold a part of it "
            "out; give more text, or 0"
        )
    try:
        held_out = batches("valid")
    except InputError as error:
        raise InputError(
            f"{opt('validation')} {config.validation} holds out too little ({error}); raise it, or give 0"
        ) from error
    return trained_on, Validation(held_out, accelerator.process_index, accelerator.num_processes)
