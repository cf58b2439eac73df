"""Runs a training job: prepares the corpus, builds encoder and method, trains, and exports."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import torch

from sentrep.data.reading.report import ReadReport
from sentrep.data.store.store import Store
from sentrep.encoders import serialization as folder
from sentrep.methods.base import Method
from sentrep.methods.defaults import MethodDefaults
from sentrep.training.cpu import kept_memory, settle_cpu
from sentrep.training.job_settings import Job, resolved_job
from sentrep.training.kept_out import save_kept_out
from sentrep.training.method_state import save_method_state
from sentrep.training.preparation import (
    FirstRows,
    fit_first_rows,
    make_accelerator,
    make_batches,
    make_method,
    prepare_corpus,
)
from sentrep.training.run_folder import RunFolder
from sentrep.training.trainer import Outcome, train
from sentrep.utils.errors import InputError, at
from sentrep.utils.locks import writer


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
            raise InputError(f"{at(self.run.path)} was interrupted; repeat the training to continue it")
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
    config, run = job.training, RunFolder(out)
    assert config.lr is not None
    accelerator = make_accelerator(config, len(method_class.phases), run.logs)
    on_cpu = accelerator.device.type == "cpu"
    settle_cpu(config.threads, alone=on_cpu)
    store = prepare_corpus(job, cache, wait, accelerator)
    if accelerator.is_main_process:
        on_read(store)
        _open_run(run, job, store, overwrite)
    accelerator.wait_for_everyone()

    rows = fit_first_rows(job, store, cache, first_rows, accelerator)
    method = make_method(job, method_class, store, rows)
    # Weights are equal in all processes; dropout differs.
    torch.manual_seed(config.seed + accelerator.process_index)
    batches, validation = make_batches(store, config, method.usability, accelerator)
    with kept_memory() if on_cpu else nullcontext():
        outcome = train(method, batches, validation, config, config.lr, run, accelerator)

    if accelerator.is_main_process and outcome.ended != "interrupted":
        export(method, run)
    accelerator.wait_for_everyone()
    accelerator.end_training()
    return Trained(run, store, outcome)


def _open_run(run: RunFolder, job: Job, store: Store, overwrite: bool) -> None:
    """Creates or continues the run, and keeps the text that is kept out of training in it."""
    recorded = {"fingerprint": store.fingerprint, "kept_out": store.header.get("kept_out")}
    run.open({**asdict(job), **recorded}, overwrite)
    if store.kept_out is not None:
        save_kept_out(run.path, store.kept_out, store.token_counts())


def export(method: Method, run: RunFolder) -> None:
    """Saves the encoder to model/, and the other weights of the method to method/."""
    method.cpu()
    folder.save(method.encoder(), run.model)
    folder.link(run.model, run.path)
    save_method_state(method, run.path)
