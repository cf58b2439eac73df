"""From settings to a trained encoder in a run folder: what lies around the loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from sentrep.data.batch import SentenceBatches
from sentrep.data.config import CorpusConfig, TokenizerConfig
from sentrep.data.store.store import Store, prepare
from sentrep.data.tokenization.tokenizer import Tokenizer
from sentrep.encoders import serialization as folder
from sentrep.encoders.config import EncoderConfig
from sentrep.encoders.factory import build
from sentrep.encoders.token_table import inner_tokenizer
from sentrep.methods.base import MakeEncoder, Method
from sentrep.training.config import TrainingConfig
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.training.method_state import load_learnt, save_learnt
from sentrep.training.run_folder import RunFolder, read_run
from sentrep.training.trainer import Outcome, accelerator_for, train
from sentrep.training.validation import Validation
from sentrep.utils.errors import InputError, opt
from sentrep.utils.locks import writer

BATCH_SIZE = {"bag": 1024}
LR = {"bag": 2e-3, "gru": 1e-3, "lstm": 1e-3, "conv": 1e-3, "transformer": 5e-4}


@dataclass(frozen=True)
class Job:
    """Everything that makes a run; two equal jobs give equal weights."""

    method: str
    settings: Any
    """The method's own Config."""
    corpus: CorpusConfig
    tokenizer: TokenizerConfig
    encoder: EncoderConfig
    training: TrainingConfig

    def resolved(self) -> Job:
        """With every value filled in that depends on another, so that run.json says what was really done."""
        encoder, training, usual = self.encoder, self.training, LR.get(self.encoder.encoder, 2e-5)
        if training.start is not None:
            before = read_run(training.start)
            if before["method"] != self.method:
                raise InputError(
                    f"{opt('start')} {training.start} is a run of {before['method']}, not of {self.method}"
                )
            encoder, usual = EncoderConfig(str(training.start / "model")), before["training"]["lr"]
        batch, lr = training.batch_size or BATCH_SIZE.get(encoder.encoder, 512), training.lr or usual
        return replace(self, encoder=encoder, training=replace(training, batch_size=batch, lr=lr))


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


def run_job(
    job: Job,
    method_class: type[Method],
    out: Path,
    cache: Path,
    overwrite: bool = False,
    *,
    wait: bool = False,
) -> Trained:
    """Prepare the corpus, train, and save the encoder to ``out/model``. An interrupted run is continued.

    Args:
        job: everything that makes the run.
        method_class: of the method; made of its settings, of what makes an encoder, and of a token budget.
        out: folder of the run.
        cache: where prepared corpora are kept; one is made once and reused.
        overwrite: remove a run that is in `out` already.
        wait: wait for another process that writes the run or the prepared corpus, instead of refusing.

    Raises:
        InputError: settings contradict each other, the corpus cannot be used, `out` holds another run or is
            being written, or the disk is full.
    """
    with writer(out, "train", wait=wait) if _first_process() else nullcontext():
        return _run_job(job, method_class, out, cache, overwrite, wait)


def _first_process() -> bool:
    """Whether this is the one of several processes (torchrun) that writes."""
    return os.environ.get("RANK", "0") == "0"


def _run_job(
    job: Job, method_class: type[Method], out: Path, cache: Path, overwrite: bool, wait: bool
) -> Trained:
    job = job.resolved()
    config, run, phases = job.training, RunFolder(out), len(method_class.phases)
    assert config.batch_size is not None
    assert config.lr is not None
    if config.choose_by == "loss" and phases > 1:
        raise InputError(
            f"{opt('choose_by')} loss: a method of several phases has several losses; give neighbour-mrr or last"
        )
    accelerator = accelerator_for(config, phases, run.logs, bf16=wants_bf16(config))
    if config.batch_size // min(config.segment_length, config.batch_size) < accelerator.num_processes:
        raise InputError(
            f"{opt('batch_size')} {config.batch_size} holds fewer runs of {config.segment_length} than there are processes; lower {opt('segment_length')}"
        )
    on_cpu = accelerator.device.type == "cpu"
    settle_cpu(config.threads, alone=on_cpu)
    existing = None if job.encoder.scratch else folder.load(job.encoder.encoder, offline=job.corpus.offline)
    with accelerator.main_process_first():
        tokenizer = job.tokenizer if existing is None else Tokenizer(inner_tokenizer(existing))
        store = prepare(job.corpus, tokenizer, cache, job.tokenizer.max_tokens, wait=wait)
    if accelerator.is_main_process:
        run.open({**asdict(job), "fingerprint": store.fingerprint}, overwrite)
    accelerator.wait_for_everyone()

    make: Callable[[Any, MakeEncoder, int], Method] = method_class
    torch.manual_seed(config.seed)
    counts, inner = store.token_counts(), store.tokenizer.inner
    method = make(
        job.settings, lambda: build(job.encoder, inner, counts, job.tokenizer.max_tokens), config.token_budget
    )
    if config.start is not None:
        load_learnt(method, config.start, method_class.anew)
    torch.manual_seed(
        config.seed + accelerator.process_index
    )  # equal weights everywhere, dropout of its own in each process

    def batches(part: Any) -> SentenceBatches:
        spans = store.spans(part, config.validation, config.seed)
        return SentenceBatches(
            store.ids,
            store.offsets,
            spans,
            config.batch_size or 0,
            config.segment_length,
            config.seed,
            method_class.neighbours,
        )

    trained_on, validation = batches("train"), None
    try:
        if config.validation:
            validation = Validation(batches("valid"), accelerator.process_index, accelerator.num_processes)
    except InputError as error:
        raise InputError(
            f"what is held out for validation is too little: raise it, or give {opt('validation')} 0 ({error})"
        ) from error
    with kept_memory() if on_cpu else nullcontext():
        outcome = train(method, trained_on, validation, config, config.lr, run, accelerator)
    if accelerator.is_main_process and outcome.ended != "interrupted":
        export(method, run)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return Trained(run, store, outcome)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw from torch's generator as a run of this seed does, and leave the generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def export(method: Method, run: RunFolder) -> None:
    """Save the encoder to model/, and what else the method has learnt to method/."""
    method.cpu()
    folder.save(method.encoder(), run.model)
    save_learnt(method, run.path)


def wants_bf16(config: TrainingConfig) -> bool:
    """Whether to train in bf16: as asked, or wherever the hardware multiplies it."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if config.device != "cpu" and torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
